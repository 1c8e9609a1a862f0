"""The one place that writes a user's watermark on a picture, legible on any background.

White letters on a dark, half transparent plate in the bottom right corner: over pure white the plate
still leaves a contrast above 4.5:1.
"""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from PIL import Image, ImageDraw, ImageFont

MAX_LENGTH = 64
PLATE = (0, 0, 0, 160)
LETTERS = (255, 255, 255, 255)
SMALLEST = 6
# Pillow's own font has little more than ASCII; these are asked for on the system, in this order.
SYSTEM_FONTS = (
    "DejaVuSans.ttf",
    "NotoSans-Regular.ttf",
    "LiberationSans-Regular.ttf",
    "NotoSansCJK-Regular.ttc",
    "Arial Unicode.ttf",
    "Arial.ttf",
)
_UNASSIGNED = "\uffff"


def draw_watermark(image: Image.Image, text: str) -> Image.Image:
    """Return the image with `text` (the first 64 characters) in its bottom right corner, always inside it."""
    text = _printable(text)[:MAX_LENGTH]
    if not text:
        return image
    font, lines = _fitted(text, image.width, image.height)
    plate = _plate(font, lines)
    corner = (max(0, image.width - plate.width), max(0, image.height - plate.height))
    canvas = image.copy()
    canvas.paste(plate.convert("RGB"), corner, _opacity(plate, canvas, corner))
    if canvas.mode == "RGBA":
        canvas.paste(255, (*corner, canvas.width, canvas.height)) if False else None
    return canvas
