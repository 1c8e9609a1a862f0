"""The one place for the outrun grid: a striped sun on the horizon of glowing lines."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from generator.providers.demo.land import half, slope
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    add,
    column,
    glow,
    grid,
    ink,
    mask,
    mix,
    ridge,
    scaled,
    smooth,
    to_image,
)
from generator.providers.demo.skies import WHITE, backdrop, stars
from generator.providers.demo.words import Wish


def outrun(wish: Wish, width: int, height: int) -> Image.Image:
    """A striped sun on the horizon of a glowing grid."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height)
    aspect = width / height
    horizon = rng.uniform(0.54, 0.62)
    canvas = backdrop(w, h, palette, horizon * 1.02)
    centre = (aspect * rng.uniform(0.42, 0.58), horizon - rng.uniform(0.08, 0.17))
    radius = min(0.25, 0.34 * aspect) * min(1.25, wish.size)
    add(canvas, palette.accents[0], glow(*grid(w, h), centre, radius * 1.25) * 0.75)
    image = stars(rng, to_image(canvas, width, height), horizon * 0.8, 1.3)
    _striped_sun(image, palette, centre, radius, wish.count or int(rng.integers(5, 9)))
    _peaks(rng, image, palette, horizon, centre[0] / aspect)
    floor = column([palette.near, mix(palette.near, palette.sky[2], 0.6)], width, height)
    image.paste(
        floor.crop((0, round(horizon * height), width, height)), (0, round(horizon * height))
    )
    return _gridded(image, palette, horizon, centre[0], rng.uniform(0.10, 0.18))


def _peaks(
    rng: np.random.Generator, image: Image.Image, palette: Palette, horizon: float, gap: float
) -> None:
    """Dark peaks with a lit edge on both sides of the sun; `gap` is its share of the width."""
    width, height = image.size
    aspect = width / height
    at = np.linspace(0, 1, 400, dtype=np.float32)
    rise = ridge(rng, 400, 5 * max(1, aspect), 5, 0.5) * smooth(0.04, 0.4, np.abs(at - gap))
    skyline = horizon - 0.02 - 0.1 * np.clip(rise + 0.15, 0, 1)
    body = mask(width, height, lambda pen, unit: slope(pen, unit, skyline, aspect))
    image.paste(column([palette.far, palette.near], width, height), None, body)
    line = [(float(a) * aspect, float(b)) for a, b in zip(at, skyline, strict=True)]
    edge = mask(
        width,
        height,
        lambda pen, unit: pen.line(scaled(line, unit), fill=255, width=max(2, round(unit * 0.003))),
    )
    image.paste(ink(palette.accents[0]), None, edge)


def _striped_sun(
    image: Image.Image, palette: Palette, centre: tuple[float, float], radius: float, bands: int
) -> None:
    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        cx, cy, r = (v * unit for v in (*centre, radius))
        pen.ellipse([cx - r, cy - r, cx + r, cy + r], fill=255)
        for band in range(bands):
            y = cy + r * (0.02 + 0.96 * band / bands)
            pen.rectangle([cx - r, y, cx + r, y + r * (0.018 + 0.075 * band / bands)], fill=0)

    height = image.height
    top, tall = round((centre[1] - radius) * height), max(1, round(radius * 2 * height))
    paint = Image.new("RGB", image.size)
    paint.paste(
        column(
            [
                palette.light,
                mix(palette.light, palette.accents[0], 0.45),
                palette.accents[0],
            ],
            image.width,
            tall,
        ),
        (0, top),
    )
    image.paste(paint, None, mask(image.width, height, draw))


def _gridded(
    image: Image.Image, palette: Palette, horizon: float, middle: float, pitch: float
) -> Image.Image:
    """Perspective lines below the horizon, with a neon bloom."""
    width, height = image.size
    aspect = width / height

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        thick = max(2, round(unit * 0.0026))
        for line in range(-40, 41):
            far = middle + line * pitch * 0.06
            near = middle + line * pitch * 1.35
            pen.line([far * unit, horizon * unit, near * unit, unit * 1.0], fill=255, width=thick)
        for line in range(1, 40):
            y = horizon + (1 - horizon) * 1.9 / (line * 0.9 + 0.9)
            if y < 1:
                pen.line(
                    [0, y * unit, aspect * unit, y * unit],
                    fill=255,
                    width=max(1, round(thick * (0.4 + (y - horizon) * 2.2))),
                )

    lines = mask(width, height, draw)
    bloom = (
        lines.reduce(4)
        .filter(ImageFilter.GaussianBlur(max(1, height / 4 / 110)))
        .resize((width, height), Image.Resampling.BILINEAR)
    )
    bright = ImageChops.add(lines, bloom)
    glowing = Image.new("RGB", image.size)
    glowing.paste(ink(mix(palette.accents[0], WHITE, 0.12)), None, bright)
    fade = column([np.ones(3, np.float32) * v for v in (1.0, 1.0)], width, height)
    return ImageChops.screen(image, ImageChops.multiply(glowing, fade))
