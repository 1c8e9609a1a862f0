"""The one place for lettering: words drawn onto a picture so that they can be read on any
ground.
"""

from __future__ import annotations

import textwrap
import unicodedata

from PIL import Image, ImageDraw, ImageFilter, ImageFont

from generator.providers.demo.asks import Ask
from generator.providers.demo.raster import ink, mix, rgb
from generator.providers.demo.words import Wish

LONGEST = 120


def lettered(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    """The picture with the asked words near its foot (top or middle where the prompt says so)."""
    text = printable(ask.text)
    if not text:
        return image
    lines, font = _fitted(text, *image.size)
    box = ImageDraw.Draw(image).multiline_textbbox(
        (0, 0), lines, font=font, align="center", spacing=font.size * 0.2
    )
    wide, tall = box[2] - box[0], box[3] - box[1]
    share = (
        0.07
        if wish.has("top", "above", "title", "header")
        else 0.5
        if wish.has("middle", "center", "centre")
        else 0.91
    )
    place = ((image.width - wide) / 2 - box[0], (image.height - tall) * share - box[1])
    return _drawn(image, lines, font, place, wish)


def printable(text: str) -> str:
    """The text on one line without control or invisible characters, shortened where it is very
    long.
    """
    kept = "".join(
        " " if c.isspace() else c
        for c in text
        if c.isspace() or unicodedata.category(c)[0] not in "CM"
    )
    return textwrap.shorten(kept, LONGEST, placeholder=" …") or kept[:LONGEST].strip()


def _fitted(text: str, width: int, height: int) -> tuple[str, ImageFont.FreeTypeFont]:
    """Lines and the largest font with which they fit nine tenths of the width and a third of
    the height.
    """
    size = max(9, round(min(width, height) * 0.16))
    while True:
        font = _font(size)
        columns = max(4, int(width * 0.88 / max(1.0, font.getlength("n"))))
        lines = textwrap.wrap(text, columns) or [text]
        widest = max(font.getlength(line) for line in lines)
        if size <= 9 or (widest <= width * 0.9 and len(lines) * size * 1.25 <= height * 0.36):
            return "\n".join(lines), font
        size = max(9, int(size * 0.88))


def _font(size: int) -> ImageFont.FreeTypeFont:
    """Pillow's own scalable font; with FreeType in every wheel the bitmap fallback never comes."""
    font = ImageFont.load_default(size)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise TypeError("Pillow was built without FreeType")
    return font


def _drawn(
    image: Image.Image,
    lines: str,
    font: ImageFont.FreeTypeFont,
    place: tuple[float, float],
    wish: Wish,
) -> Image.Image:
    """White letters with a soft dark shade behind, or the palette's light on a dark outline."""
    shade = Image.new("L", image.size)
    stroke = max(1, round(font.size / 16))
    ImageDraw.Draw(shade).multiline_text(
        place, lines, 255, font, align="center", spacing=font.size * 0.2, stroke_width=stroke * 2
    )
    soft = shade.filter(ImageFilter.GaussianBlur(max(1.0, font.size / 9)))
    image = image.copy()
    image.paste((12, 12, 18), None, soft.point([round(v * 0.75) for v in range(256)]))
    tone = ink(mix(wish.palette.light, rgb("ffffff"), 0.7))
    ImageDraw.Draw(image).multiline_text(
        place,
        lines,
        tone,
        font,
        align="center",
        spacing=font.size * 0.2,
        stroke_width=stroke,
        stroke_fill=(18, 16, 22),
    )
    return image
