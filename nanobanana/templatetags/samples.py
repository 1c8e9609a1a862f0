"""The guide's code samples: files that run as they stand, shown as blocks with a tab a language."""

from __future__ import annotations

import functools
import re
from pathlib import Path

from django import template
from django.conf import settings
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()

FOLDER = Path(settings.BASE_DIR) / "templates" / "nanobanana" / "samples"
LANGUAGES = {"curl": "curl", "python": "Python", "javascript": "JavaScript"}
"""A file's ending → the language's name; the order of the tabs."""
_TEXT = re.compile(r'("(?:[^"\\\n]|\\.)*")')


@register.simple_tag
def sample(name: str, title: str = "") -> SafeString:
    """The files `name`.curl, .python and .javascript, those that there are, as one block."""
    found = [kind for kind in LANGUAGES if _code(name, kind)]
    tabs = format_html("<span>{}</span>", title or LANGUAGES[found[0]])
    if len(found) > 1:
        tabs = format_html(
            '<fieldset class="row g1"><legend class="vh">Language of {}</legend>{}</fieldset>',
            title or name,
            format_html_join("", "{}", ((_tab(name, kind, found[0]),) for kind in found)),
        )
    return format_html(
        '<div class="code mt" id="s-{}"><div class="code-h">{}'
        '<button type="button" class="copy scripted" data-copy="#s-{}" aria-label="Copy {}">Copy'
        "</button></div>{}</div>",
        name,
        tabs,
        name,
        title or name,
        format_html_join("", "{}", ((_block(name, kind, len(found) > 1),) for kind in found)),
    )


@functools.cache
def _code(name: str, kind: str) -> str:
    """What stands in the file; "" where there is none."""
    path = FOLDER / f"{name}.{kind}"
    return path.read_text(encoding="utf-8").rstrip() if path.exists() else ""


def _place(kind: str) -> str:
    """The class that belongs to a language's tab in the stylesheet."""
    return f"p{list(LANGUAGES).index(kind) + 1}"


def _tab(name: str, kind: str, first: str) -> SafeString:
    return format_html(
        '<label><input type="radio" name="l-{}" value="{}"{}>{}</label>',
        name,
        _place(kind),
        SafeString(" checked" if kind == first else ""),
        LANGUAGES[kind],
    )


def _block(name: str, kind: str, tabbed: bool) -> SafeString:
    marks = (("", ""), (SafeString('<span class="s">'), SafeString("</span>")))
    parts = enumerate(_TEXT.split(_code(name, kind)))  # every second one is a text in quotes
    pieces = ((marks[place % 2][0], part, marks[place % 2][1]) for place, part in parts)
    return format_html(
        '<pre class="{}" data-sample="{}.{}" tabindex="0" role="region" aria-label="{}: {}">'
        "<code>{}</code></pre>",
        _place(kind) if tabbed else "",
        name,
        kind,
        LANGUAGES[kind],
        name,
        format_html_join("", "{}{}{}", pieces),
    )
