"""Reference images as the contracts take them: an id, a data URL, base64 or an https address."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings

from accounts.owner import Owner
from generator import storage
from generator.fetch import Policy, fetch
from generator.files import NoSuchFile
from generator.images import BadImage, TooLarge, decode_base64
from generator.models import Output, Upload
from generator.models.querysets import read_id
from generator.validation import Invalid

_OURS = re.compile(r"/[fp]/([0-9a-f-]{36})(?:/(?:320|640))?(?:\?[^#]*)?\Z")
WANTED = "Send an upload's id, a data URL, base64, or an https address of an image."
UNKNOWN = "This image is unknown or not yours."


def upload_of(owner: Owner, value: Any, field: str) -> Upload:
    """The owner's upload that `value` names, or a new one made from what it holds or points to.

    Raises Invalid about `field`, images.TooLarge, FetchRefused, FetchFailed, StoreDown.
    """
    if not isinstance(value, str) or not value.strip():
        raise Invalid({field: [WANTED]}, "invalid_image")
    text = value.strip()
    known = _named(text)
    if known is not None:
        return _own(owner, known, field)
    try:
        return storage.save_upload(owner, _bytes(text))
    except TooLarge:
        raise
    except BadImage as error:
        raise Invalid({field: [error.message]}, "invalid_image") from error


def _bytes(text: str) -> bytes:
    """What an address points to, or base64 holds."""
    if re.match(r"https?:", text, re.IGNORECASE):
        return fetch(text, policy=policy()).data
    return decode_base64(text, settings.MAX_FILE_SIZE)


def policy() -> Policy:
    """What an address in a request may lead to: never this site itself or a private machine."""
    own = {urlsplit(settings.SITE_URL).hostname or "", *settings.ALLOWED_HOSTS}
    return Policy(allow=settings.FETCH_ALLOW_HOSTS, own=frozenset(own))


def _named(text: str) -> UUID | None:
    """The id that is written out, or stands in an address of this site's own files."""
    match = _OURS.match(text.removeprefix(settings.SITE_URL))
    ours = match is not None and text.startswith(settings.SITE_URL)
    return read_id(match[1] if match and ours else text)


def _own(owner: Owner, pk: UUID, field: str) -> Upload:
    """The upload of an id, or a copy of the owner's own picture; a foreign one is unknown."""
    upload = Upload.objects.filter(pk=pk, deleted_at=None, **owner.columns).first()
    if upload is not None:
        return upload
    output = Output.objects.of(owner).filter(pk=pk).first()
    if output is None or not output.content_type.startswith("image/"):
        raise Invalid({field: [UNKNOWN]}, "invalid_image")
    try:
        return storage.upload_of_output(owner, output)
    except NoSuchFile as error:
        raise Invalid({field: [UNKNOWN]}, "invalid_image") from error
