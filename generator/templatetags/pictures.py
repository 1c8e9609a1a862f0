"""Links of pictures for templates: the file, the share page, and the key that makes a form once."""

from __future__ import annotations

import uuid

from django import template

from generator import storage
from generator.models import Output, Upload
from generator.pages import images

register = template.Library()


@register.simple_tag
def file_url(row: Output | Upload, variant: str = "") -> str:
    """The signed path of an output's or upload's file; variants "320" and "640" are thumbnails."""
    return storage.url(row, variant)


@register.simple_tag
def share(output: Output) -> str:
    """The path of the picture's page that opens to anybody who has it."""
    return images.share_path(output)


@register.simple_tag
def once() -> str:
    """A new key, so that a form sent twice counts once."""
    return uuid.uuid4().hex
