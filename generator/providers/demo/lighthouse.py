"""The one place for the lighthouse: a striped tower on a headland, its beams across the dusk."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageDraw

from generator.providers.demo.land import half, slope
from generator.providers.demo.raster import (
    Array,
    add,
    column,
    filled,
    from_image,
    glow,
    grid,
    ink,
    mask,
    mix,
    rgb,
    ridge,
    to_image,
)
from generator.providers.demo.skies import WHITE, stars, sunlit
from generator.providers.demo.water import sea_surface
from generator.providers.demo.words import Wish


def lighthouse(wish: Wish, width: int, height: int) -> Image.Image:
    """A striped tower on a headland, its beams across the dusk."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = width / height
    horizon = round(rng.uniform(0.6, 0.7) * h) / h
    right = rng.random() < 0.5
    x = aspect * (rng.uniform(0.62, 0.76) if right else rng.uniform(0.24, 0.38))
    sky = sunlit(
        rng,
        w,
        h,
        palette,
        horizon,
        (aspect * (0.2 if right else 0.8), horizon - 0.03),
        0.03,
        cloudy=0.35,
    )
    sea_surface(rng, sky, 0.6)
    tall = min(0.46, 0.5 * aspect) * min(wish.size, 1.15)
    foot = horizon - 0.015
    lamp = (x, foot - tall)
    _beams(sky.canvas, lamp, rng.uniform(-0.12, 0.12), palette.light)
    image = to_image(sky.canvas, width, height)
    image = stars(rng, image, horizon * 0.85, 0.9)
    _headland(rng, image, wish, x, horizon)
    _tower(image, wish, x, foot, tall)
    light = np.zeros_like(sky.canvas)
    add(light, palette.light, glow(*grid(w, h), lamp, 0.028))
    return ImageChops.screen(image, to_image(light, width, height))


def _beams(canvas: Array, lamp: tuple[float, float], tilt: float, light: Array) -> None:
    height, width = canvas.shape[:2]
    x, y = grid(width, height)
    dx, dy = x - lamp[0], y - lamp[1]
    along = np.abs(dx) + 1e-4
    off = np.abs(dy - tilt * dx) / (0.012 + 0.085 * along)
    beam = np.exp(-(off**2) * 2) * np.exp(-along * 1.1)
    add(canvas, mix(light, WHITE, 0.4), beam.astype(np.float32) * 0.75)


def _headland(
    rng: np.random.Generator, image: Image.Image, wish: Wish, x: float, horizon: float
) -> None:
    width, height = image.size
    aspect = width / height
    at = np.linspace(0, aspect, 500)
    skyline = (
        horizon
        + 0.045
        + 0.42 * np.abs(at - x) ** 1.15
        + 0.01 * ridge(rng, 500, 18, 5)
        - 0.06 * np.exp(-(((at - x) / 0.12) ** 2))
    )
    body = mask(width, height, lambda pen, unit: slope(pen, unit, skyline, aspect))
    image.paste(
        column(
            [mix(wish.palette.near, wish.palette.far, 0.3), wish.palette.near * 0.55], width, height
        ),
        None,
        body,
    )


def _tower(image: Image.Image, wish: Wish, x: float, foot: float, tall: float) -> None:
    """White and coloured bands, a gallery, a lit lantern and a cap; round by a shade across."""
    width, height = image.size
    wide = tall * 0.105
    bands = wish.count or 5
    colour = wish.palette.accents[0]

    def body(pen: ImageDraw.ImageDraw, unit: float) -> None:
        pen.polygon(
            [
                (px * unit, py * unit)
                for px, py in (
                    (x - wide, foot + 0.04),
                    (x + wide, foot + 0.04),
                    (x + wide * 0.62, foot - tall * 0.93),
                    (x - wide * 0.62, foot - tall * 0.93),
                )
            ],
            fill=255,
        )

    paint = Image.new("RGB", image.size, ink(rgb("fbf6ea")))
    pen = ImageDraw.Draw(paint)
    step = (tall * 0.93 + 0.04) / (bands * 2 + 1)
    for band in range(0, bands * 2 + 1, 2):
        top = (foot + 0.04 - (band + 1) * step) * height
        pen.rectangle([0, top, width, top + step * height], fill=ink(colour))
    across = np.clip((np.arange(width) / height - x) / wide, -1, 1)
    shade = np.clip(1.02 - 0.55 * (across + 0.25) ** 2, 0.25, 1).astype(np.float32)
    tint = mix(wish.palette.near, WHITE, 0.82)
    paint = to_image(from_image(paint) * shade[None, :, None] * tint, width, height)
    image.paste(paint, None, mask(width, height, body))
    _lantern(image, wish, x, foot - tall * 0.93, wide)


def _lantern(image: Image.Image, wish: Wish, x: float, y: float, wide: float) -> None:
    width, height = image.size
    dark, red = ink(wish.palette.near * 0.7), ink(wish.palette.accents[0] * 0.9)
    parts = (
        (dark, [(-0.95, 0.06), (0.95, 0.06), (0.95, -0.12), (-0.95, -0.12)]),
        (
            ink(mix(wish.palette.light, WHITE, 0.5)),
            [(-0.48, -0.12), (0.48, -0.12), (0.48, -0.95), (-0.48, -0.95)],
        ),
        (dark, [(-0.05, -0.12), (0.05, -0.12), (0.05, -0.95), (-0.05, -0.95)]),
        (red, [(-0.68, -0.92), (0.68, -0.92), (0.0, -1.75)]),
    )
    for colour, shape in parts:
        points = [(x + a * wide, y + b * wide) for a, b in shape]
        image.paste(colour, None, filled(width, height, points))
