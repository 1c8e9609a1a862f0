"""Small pieces of markup and words that all pages write alike: icons, links, money, time."""

from __future__ import annotations

from typing import Any

from django import template
from django.templatetags.static import static
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

MICROS = 1_000_000
STANDARD_IMAGE = 20
SHAPES = {"r11": 1.0, "r43": 1.4286, "r34": 0.7, "r169": 1.8333, "r916": 0.5455}
"""The closed set of tile shapes that the stylesheet knows, with width over height."""


@register.simple_tag
def icon(name: str) -> SafeString:
    """One icon of `static/icons.svg`; decoration only, so a word must stand beside it."""
    return format_html(
        '<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>', static("icons.svg"), name
    )


@register.simple_tag(takes_context=True)
def nav(context: dict[str, Any], name: str, words: str, icon_name: str = "") -> SafeString:
    """A link to a named page, marked when it is the one being read; nothing where there is none."""
    try:
        address = reverse(name)
    except NoReverseMatch:
        return SafeString("")
    match = getattr(context.get("request"), "resolver_match", None)
    current = SafeString(' aria-current="page"') if match and match.url_name == name else ""
    picture = icon(icon_name) if icon_name else ""
    return format_html('<a href="{}"{}>{}{}</a>', address, current, picture, words)


@register.filter
def thousands(number: int | None) -> str:
    """1234 -> "1,234"; nothing for None."""
    return "" if number is None else f"{number:,}"


@register.filter
def dollars(micros: int | None) -> str:
    """Micro-dollars as dollars: two decimals, or as many as a small sum needs (up to four)."""
    amount = (micros or 0) / MICROS
    if amount == 0 or round(amount, 2) == round(amount, 4):
        return f"${amount:,.2f}"
    return f"${amount:,.4f}".rstrip("0")


@register.filter
def price(credits: int | None) -> str:
    """What credits are worth in dollars: a thousand of them are one dollar."""
    return dollars((credits or 0) * 1000)


@register.filter
def seconds(milliseconds: int | None) -> str:
    """A duration for people: "0.8 s", "21.4 s", "2 min 5 s"; nothing for None."""
    if milliseconds is None:
        return ""
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, rest = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


@register.filter
def shape(thing: Any) -> str:
    """The class of the tile shape nearest to something with `width` and `height`."""
    width, height = getattr(thing, "width", 0) or 1, getattr(thing, "height", 0) or 1
    return min(SHAPES, key=lambda name: abs(SHAPES[name] - width / height) / SHAPES[name])


@register.filter
def alt(prompt: str) -> str:
    """Alternative text out of a prompt: its first words, under fifteen of them."""
    words = str(prompt).split()
    return " ".join(words[:14]) + ("…" if len(words) > 14 else "") or "Image without a prompt"


@register.filter
def initial(name: str) -> str:
    """The letter an avatar shows."""
    return (str(name).strip()[:1] or "?").upper()


@register.filter
def before(text: str, mark: str) -> str:
    """What stands before the first `mark`."""
    return str(text).split(mark, 1)[0]


@register.filter
def left(price: Any, balance: int) -> int:
    """What a price with a `total` leaves of a balance; negative where it does not suffice."""
    return int(balance) - int(price.total)


@register.filter
def images(credits: int) -> int:
    """How many standard images (20 credits) credits buy."""
    return int(credits) // STANDARD_IMAGE


@register.filter
def cents(amount: int) -> str:
    """US cents as dollars, without an empty part: 900 -> "$9", 950 -> "$9.50"."""
    return f"${amount // 100}" if amount % 100 == 0 else f"${amount / 100:.2f}"


@register.filter
def signed(number: int) -> str:
    """A movement with its sign: "+1,000", "−20"."""
    return f"{'+' if number >= 0 else '−'}{abs(number):,}"
