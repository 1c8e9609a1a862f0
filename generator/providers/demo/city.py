"""The one place for the city: towers with lit windows and signs, mirrored in black water."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from generator.providers.demo.land import half
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    column,
    from_image,
    ink,
    mask,
    mix,
    ridge,
    to_image,
)
from generator.providers.demo.skies import stars, sunlit
from generator.providers.demo.words import Wish

Tower = tuple[float, float, float]
"""Left edge, width and height, in units."""


def city(wish: Wish, width: int, height: int) -> Image.Image:
    """Towers with lit windows and signs, mirrored in black water."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.4)
    aspect = width / height
    shore = rng.uniform(0.68, 0.76)
    sun = (aspect * rng.uniform(0.25, 0.75), rng.uniform(0.16, 0.32))
    sky = sunlit(rng, w, h, palette, shore, sun, rng.uniform(0.04, 0.1) * wish.size, cloudy=0.6)
    image = to_image(sky.canvas, width, height)
    if palette.dark:
        image = stars(rng, image, 0.4, 0.6)
    lights = Image.new("RGB", (width * 2, height * 2))
    for row in range(3):
        _towers(rng, image, lights, wish, shore, row / 2)
    small = lights.reduce(2)
    haze = (
        small.reduce(8)
        .filter(ImageFilter.GaussianBlur(max(1, height / 8 / 60)))
        .resize(small.size, Image.Resampling.BILINEAR)
    )
    image = ImageChops.screen(ImageChops.screen(image, haze), small)
    return _wet(rng, image, round(shore * height), palette)


def _boxes(rng: np.random.Generator, aspect: float, depth: float, size: float) -> list[Tower]:
    """A row of towers, highest towards the middle."""
    boxes: list[Tower] = []
    x = -0.03
    while x < aspect:
        wide = rng.uniform(0.045, 0.1) * (1.15 - 0.15 * depth)
        hump = np.exp(-(((x + wide / 2) / aspect - 0.5) ** 2) * 5)
        tall = (rng.uniform(0.14, 0.3) + 0.26 * hump * rng.random()) * (1.45 - 0.7 * depth)
        boxes.append((x, wide, tall * min(1.3, size)))
        x += wide * rng.uniform(0.85, 1.25)
    return boxes


def _skyline(pen: ImageDraw.ImageDraw, unit: float, boxes: list[Tower], shore: float) -> None:
    """The towers' outlines, each with a roof house and a mast."""
    for left, wide, tall in boxes:
        top, middle = shore - tall, left + wide * 0.5
        pen.rectangle([v * unit for v in (left, top, left + wide, shore)], fill=255)
        pen.rectangle(
            [v * unit for v in (left + wide * 0.25, top - 0.015, left + wide * 0.7, top)], fill=255
        )
        mast = [v * unit for v in (middle, top - 0.05 * wide / 0.07, middle, top)]
        pen.line(mast, fill=255, width=max(1, round(unit * 0.002)))


def _towers(
    rng: np.random.Generator,
    image: Image.Image,
    lights: Image.Image,
    wish: Wish,
    shore: float,
    depth: float,
) -> None:
    """One row of buildings (depth 0 far, 1 near) and what shines on them."""
    width, height = image.size
    palette = wish.palette
    tone = mix(mix(palette.sky[3], palette.far, 0.6), palette.near, 0.25 + 0.7 * depth)
    boxes = _boxes(rng, width / height, depth, wish.size)
    walls = column([tone, tone, mix(tone, palette.sky[-1], 0.35 * (1 - depth))], width, height)
    image.paste(
        walls, None, mask(width, height, lambda pen, unit: _skyline(pen, unit, boxes, shore))
    )
    pen = ImageDraw.Draw(lights)
    for left, wide, tall in boxes:
        pen.rectangle([v * 2 * height for v in (left, shore - tall, left + wide, shore)], fill=0)
        _windows(rng, pen, 2 * height, palette, (left, wide, tall), shore, depth)


def _windows(
    rng: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    unit: float,
    palette: Palette,
    box: tuple[float, float, float],
    shore: float,
    depth: float,
) -> None:
    left, wide, tall = box
    pitch = 0.0105 + 0.0035 * depth
    columns, rows = int((wide - 0.008) / pitch), int((tall - 0.012) / (pitch * 1.25))
    tones = [
        ink(c * (0.3 + 0.7 * depth))
        for c in (
            palette.light,
            mix(palette.light, palette.accents[1], 0.5),
            palette.accents[1],
            palette.accents[2],
        )
    ]
    lit = rng.random((rows, columns)) < rng.uniform(0.18, 0.55)
    pick = rng.choice(4, (rows, columns), p=[0.5, 0.3, 0.12, 0.08])
    for row, col in zip(*np.nonzero(lit), strict=True):
        x, y = left + 0.006 + col * pitch, shore - tall + 0.01 + row * pitch * 1.25
        pen.rectangle(
            [x * unit, y * unit, (x + pitch * 0.5) * unit, (y + pitch * 0.62) * unit],
            fill=tones[pick[row, col]],
        )
    if depth > 0.4 and rng.random() < 0.45 and rows > 8:
        colour = ink(palette.accents[int(rng.integers(0, 4))])
        x, y = left + wide * rng.uniform(0.1, 0.4), shore - tall * rng.uniform(0.55, 0.9)
        size = (wide * 0.16, tall * 0.3) if rng.random() < 0.5 else (wide * 0.5, wide * 0.22)
        pen.rounded_rectangle(
            [x * unit, y * unit, (x + size[0]) * unit, (y + size[1]) * unit],
            unit * 0.004,
            outline=colour,
            width=max(1, round(unit * 0.0035)),
        )


def _wet(rng: np.random.Generator, image: Image.Image, line: int, palette: Palette) -> Image.Image:
    """The picture with all above `line` mirrored below it, drawn out sideways by the water."""
    width, height = image.size
    rows = height - line
    top = max(0, line - round(rows * 1.6))
    flipped = (
        image.crop((0, top, width, line))
        .transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        .resize((width, rows))
    )
    source = from_image(flipped)
    depth = np.linspace(0, 1, rows, dtype=np.float32)
    shake = (
        np.sin(np.arange(rows) * (0.55 - 0.3 * depth) * 900 / height) * (1 + 9 * depth)
        + 6 * ridge(rng, rows, 40, 2) * depth
    )
    columns = (
        (np.arange(width)[None, :] + shake[:, None] * height / 900)
        .astype(np.int32)
        .clip(0, width - 1)
    )
    water = source[np.arange(rows)[:, None], columns]
    water = mix(
        water * (0.85 - 0.45 * depth[:, None, None]),
        palette.near,
        0.12 + 0.25 * depth[:, None, None],
    )
    image.paste(to_image(water, width, rows), (0, line))
    return image
