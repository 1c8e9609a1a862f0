"""The one place for image-to-image: given images read, put together and changed as the prompt
asks.
"""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageOps

from generator.providers.base import Refused
from generator.providers.demo.asks import asked
from generator.providers.demo.grades import EDITS, regraded
from generator.providers.demo.raster import ink, mix, rgb
from generator.providers.demo.words import Wish

_FULL = Image.Resampling.LANCZOS
MOST_PIXELS = 64_000_000


def edited(
    files: Sequence[bytes],
    prompt: str,
    wish: Wish,
    width: int,
    height: int,
    mask: bytes | None = None,
) -> Image.Image:
    """The images, cropped to cover width x height and edited, where the mask is clear if there is
    one. Raises Refused for a file that is no image.
    """
    asks = asked(prompt)
    pictures = [_opened(data) for data in files]
    turn = next((ask.amount for ask in asks if ask.name == "rotate"), 0.0)
    pictures = [_turned(picture, turn) for picture in pictures] if turn else pictures
    image = original = _composed(pictures, wish, width, height)
    asks = [ask for ask in asks if ask.name != "rotate"]
    for ask in asks:
        image = EDITS[ask.name](image, ask, wish)
    if not asks and not turn and len(pictures) == 1:
        image = regraded(image, wish)
    return image if mask is None else _masked(image, original, mask)


def _masked(image: Image.Image, original: Image.Image, mask: bytes) -> Image.Image:
    """The edited image where the mask is clear, the original where it is not."""
    try:
        alpha = Image.open(io.BytesIO(mask)).convert("RGBA").getchannel("A")
    except Exception as error:  # noqa: BLE001 - hostile files make decoders raise anything
        raise Refused("The mask could not be read.", code="invalid_image") from error
    return Image.composite(original, image, ImageOps.fit(alpha, image.size, _FULL))


def _opened(data: bytes) -> Image.Image:
    """A file as an upright RGB image on white."""
    try:
        source = Image.open(io.BytesIO(data))
        if source.width * source.height > MOST_PIXELS:
            raise Refused("One of the images is too large.", code="invalid_image")
        source.draft("RGB", (2048, 2048))
        image = ImageOps.exif_transpose(source)
        clear = image.mode in {"P", "LA", "PA", "RGBA"}
        flat = image.convert("RGBA" if clear else "RGB")
    except Refused:
        raise
    except Exception as error:  # noqa: BLE001 - hostile files make decoders raise anything
        raise Refused("One of the images could not be read.", code="invalid_image") from error
    if flat.mode == "RGBA":
        ground = Image.new("RGBA", flat.size, (255, 255, 255, 255))
        flat = Image.alpha_composite(ground, flat).convert("RGB")
    flat.thumbnail((4096, 4096), _FULL)
    return flat


def _turned(image: Image.Image, degrees: float) -> Image.Image:
    """Rotated clockwise; odd angles are enlarged until no corner is empty."""
    if degrees % 90 == 0:
        steps = {
            90: Image.Transpose.ROTATE_270,
            180: Image.Transpose.ROTATE_180,
            270: Image.Transpose.ROTATE_90,
        }
        return image.transpose(steps[int(degrees)]) if degrees % 360 else image
    w, h = image.size
    angle = np.radians(degrees)
    grow = max(
        abs(np.cos(angle)) + abs(np.sin(angle)) * h / w,
        abs(np.cos(angle)) + abs(np.sin(angle)) * w / h,
    )
    large = image.resize((round(w * grow), round(h * grow)), _FULL).rotate(
        -degrees, Image.Resampling.BICUBIC
    )
    left, top = (large.width - w) // 2, (large.height - h) // 2
    return large.crop((left, top, left + w, top + h))


def _composed(pictures: list[Image.Image], wish: Wish, width: int, height: int) -> Image.Image:
    """One picture covers the sheet; several are blended where the prompt says so, else set side
    by side.
    """
    if len(pictures) == 1:
        return ImageOps.fit(pictures[0], (width, height), _FULL)
    if wish.has("blend", "merge", "combine", "mix", "fuse", "double", "overlay", "into", "morph"):
        return _blended([ImageOps.fit(p, (width, height), _FULL) for p in pictures])
    gap = max(2, round(min(width, height) * 0.012))
    sheet = Image.new(
        "RGB", (width, height), ink(mix(wish.palette.accents[-1], rgb("ffffff"), 0.5))
    )
    for picture, box in zip(pictures, _panels(len(pictures), width, height, gap), strict=False):
        left, top, right, low = box
        sheet.paste(
            ImageOps.fit(picture, (max(1, right - left), max(1, low - top)), _FULL), (left, top)
        )
    return sheet


def _blended(pictures: list[Image.Image]) -> Image.Image:
    """Each picture fades into the next from left to right, in soft light."""
    image = pictures[0]
    for number, other in enumerate(pictures[1:], 1):
        fade = np.linspace(0, 1, image.width, dtype=np.float32)
        centre = number / len(pictures)
        share = np.clip((fade - centre) * 3 + 0.5, 0.12, 0.88)
        veil = Image.fromarray((np.tile(share, (image.height, 1)) * 255).astype(np.uint8))
        image = Image.composite(other, image, veil)
    return image


def _panels(count: int, width: int, height: int, gap: int) -> list[tuple[int, int, int, int]]:
    """Boxes of a collage: rows as even as they come, the longer side divided first."""
    rows = 1 if count < 3 else 2 if count < 7 else 3
    per_row = [count // rows + (1 if row < count % rows else 0) for row in range(rows)]
    boxes = []
    for row, number in enumerate(per_row):
        top, low = gap + (height - gap) * row // rows, (height - gap) * (row + 1) // rows
        for slot in range(number):
            left, right = gap + (width - gap) * slot // number, (width - gap) * (slot + 1) // number
            boxes.append((left, top, right, low))
    if height > width:
        return [
            (
                round(t * width / height),
                round(a * height / width),
                round(b * width / height),
                round(c * height / width),
            )
            for a, t, c, b in boxes
        ]
    return boxes
