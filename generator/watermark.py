"""The one place that writes a user's watermark on a picture, legible on any background.

White letters on a dark, half transparent plate in the bottom right corner: even over pure white the
plate leaves a contrast above 4.5:1.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import cast

from PIL import Image, ImageDraw, ImageFont

MAX_LENGTH = 64
PLATE = (0, 0, 0, 165)
LETTERS = (255, 255, 255, 255)
USUAL_LEAST = 12
SMALLEST = 6
MOST_LINES = 3
# Pillow's own font has little more than ASCII; these are looked for on the system, in this order.
SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "Arial.ttf",
)
_NO_CHARACTER = "\uffff"
_Font = ImageFont.FreeTypeFont


def draw_watermark(image: Image.Image, text: str) -> Image.Image:
    """Return a copy with `text` (at most 64 characters) in the bottom right, always inside."""
    text = _printable(text)[:MAX_LENGTH].strip()
    if not text:
        return image
    plate = _plate(text, image.width, image.height)
    corner = (image.width - plate.width, image.height - plate.height)
    below = image.crop((*corner, image.width, image.height)).convert("RGBA")
    marked = image.copy()
    marked.paste(Image.alpha_composite(below, plate).convert(image.mode), corner)
    return marked


def _printable(text: str) -> str:
    """One line without control, direction or private characters."""
    kept = (c if unicodedata.category(c)[0] not in "C" else " " for c in text)
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def _plate(text: str, width: int, height: int) -> Image.Image:
    """Return the letters on their plate, at most `width` x `height` pixels."""
    font, lines = _fitted(text, width, height)
    padding = max(1, round(font.size * 0.45))
    step = _line_height(font)
    size = (
        min(width, round(max(font.getlength(line) for line in lines)) + 2 * padding),
        min(height, step * len(lines) + 2 * padding),
    )
    plate = Image.new("RGBA", size, PLATE)
    draw = ImageDraw.Draw(plate)
    for number, line in enumerate(lines):
        draw.text((padding, padding + number * step), line, font=font, fill=LETTERS)
    return plate


def _fitted(text: str, width: int, height: int) -> tuple[ImageFont.FreeTypeFont, list[str]]:
    """Return the largest font, down from a 28th of the shorter side, in which the text fits."""
    size = max(USUAL_LEAST, round(min(width, height) / 28))
    while True:
        font, shown = _font_for(text, size)
        lines = list(_wrapped(shown, font, width - font.size))
        fits = len(lines) <= MOST_LINES and _line_height(font) * (len(lines) + 1) <= height
        if fits or size <= SMALLEST:
            return font, lines
        size = max(SMALLEST, int(size * 0.85))


def _line_height(font: ImageFont.FreeTypeFont) -> int:
    ascent, descent = font.getmetrics()
    return ascent + descent


def _wrapped(text: str, font: ImageFont.FreeTypeFont, width: float) -> Iterator[str]:
    """Break between words, and inside a word that is wider than the picture."""
    line = ""
    for word in text.split():
        joined = f"{line} {word}".strip()
        if font.getlength(joined) <= width:
            line = joined
            continue
        if line:
            yield line
        while len(word) > 1 and font.getlength(word) > width:
            cut = _fitting_letters(word, font, width)
            yield word[:cut]
            word = word[cut:]
        line = word
    yield line


def _fitting_letters(word: str, font: ImageFont.FreeTypeFont, width: float) -> int:
    count = next((n for n in range(len(word), 1, -1) if font.getlength(word[:n]) <= width), 1)
    return min(count, len(word) - 1)


def _font_for(text: str, size: int) -> tuple[ImageFont.FreeTypeFont, str]:
    """Return the font with most of the letters, and the text with missing accents left off."""
    fonts = [_font(name, size) for name in ("", *_installed())]
    font = min(fonts, key=lambda font: len(_missing(font, text)))
    missing = _missing(font, text)
    return font, "".join(_without_accent(c) if c in missing else c for c in text)


def _without_accent(letter: str) -> str:
    parts = unicodedata.normalize("NFKD", letter)
    return "".join(part for part in parts if not unicodedata.combining(part))


def _missing(font: ImageFont.FreeTypeFont, text: str) -> set[str]:
    """Return the letters for which the font would draw its empty box."""
    box = bytes(font.getmask(_NO_CHARACTER))
    return {c for c in text if not c.isspace() and bytes(font.getmask(c)) == box}


@lru_cache
def _installed() -> tuple[str, ...]:
    return tuple(name for name in SYSTEM_FONTS if _is_installed(name))


def _is_installed(name: str) -> bool:
    try:
        ImageFont.truetype(name, SMALLEST)
    except OSError:
        return False
    return True


@lru_cache(maxsize=64)
def _font(name: str, size: int) -> ImageFont.FreeTypeFont:
    # With a size, load_default() gives a FreeType font or raises.
    return ImageFont.truetype(name, size) if name else cast(_Font, ImageFont.load_default(size))
