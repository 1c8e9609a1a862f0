"""The one place for the north: aurora over pines, and forest in the mist."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops

from generator.providers.demo.land import half, pines, slope
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    Array,
    add,
    column,
    glow,
    grid,
    ink,
    mask,
    mix,
    over,
    ramp,
    ridge,
    smooth,
    to_image,
)
from generator.providers.demo.skies import backdrop, stars
from generator.providers.demo.words import Wish


def _curtain(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    low: float,
    tall: float,
    strength: float,
) -> None:
    """One aurora curtain: rays that rise from a waving lower edge and change colour with height."""
    height, width = canvas.shape[:2]
    _, y = grid(width, height)
    aspect = width / height
    edge = (low + 0.09 * ridge(rng, width, 1.6 * max(1, aspect), 3))[None, :]
    rays = 0.35 + 0.65 * np.abs(ridge(rng, width, 26 * max(1, aspect), 3, 0.6))[None, :]
    veil = 0.35 + 0.65 * smooth(-0.7, 0.7, ridge(rng, width, 2.2 * max(1, aspect), 2))[None, :]
    up = (edge - y) / (tall * (0.6 + 0.5 * rays))
    light = np.exp(-np.maximum(up, 0) * 2.3) * smooth(-0.1, 0.06, up) * rays * veil
    add(
        canvas,
        ramp(
            [palette.accents[0], palette.accents[0], palette.accents[1], palette.accents[2]],
            np.clip(up, 0, 1),
        ),
        np.clip(light * strength, 0, 1.6),
    )


def aurora(wish: Wish, width: int, height: int) -> Image.Image:
    """Curtains of northern light above hills and snow-dark pines."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height)
    canvas = backdrop(w, h, palette, 1.0) * 0.75
    for _ in range(wish.count or int(rng.integers(2, 4))):
        _curtain(
            rng,
            canvas,
            palette,
            rng.uniform(0.34, 0.56),
            rng.uniform(0.3, 0.5),
            rng.uniform(0.8, 1.3),
        )
    _, y = grid(w, h)
    for depth in (0.0, 0.5):
        skyline = (0.62 + 0.13 * depth - 0.07 * ridge(rng, w, 3 + 2 * depth, 6, 0.52))[None, :]
        tone = mix(
            mix(palette.far, palette.near, 0.35 + 0.45 * depth),
            palette.accents[0],
            (0.2 * np.exp(-np.clip(y - skyline, 0, 1) * 9))[..., None],
        )
        over(canvas, tone, np.clip((y - skyline) * h + 0.5, 0, 1))
    image = stars(rng, to_image(canvas, width, height), 0.7, 1.5)
    image.paste(
        ink(mix(palette.near, palette.far, 0.3)),
        None,
        pines(rng, width, height, 0.84, 0.015, 0.11, 3),
    )
    image.paste(ink(palette.near * 0.7), None, pines(rng, width, height, 0.93, 0.02, 0.24, 2.2))
    if wish.has("snow", "snowy", "winter", "lapland", "arctic") or rng.random() < 0.5:
        bank = 0.955 + 0.015 * ridge(rng, 300, 3, 3)
        snow = column(
            [palette.accents[5], mix(palette.far, palette.accents[5], 0.35)], width, height
        )
        image.paste(
            snow,
            None,
            mask(width, height, lambda pen, unit: slope(pen, unit, bank, width / height)),
        )
    return image


def forest(wish: Wish, width: int, height: int) -> Image.Image:
    """Rows of trees going into the mist, shafts of light between them."""
    rng = wish.rng("layout")
    palette = wish.palette
    aspect = width / height
    sun = (aspect * rng.uniform(0.2, 0.8), rng.uniform(0.12, 0.3))
    w, h = half(width, height, 0.4)
    canvas = backdrop(w, h, palette, 0.9)
    x, y = grid(w, h)
    add(canvas, mix(palette.light, palette.sky[-1], 0.3), glow(x, y, sun, 0.4) * 0.7)
    image = to_image(canvas, width, height)
    rows = 6
    for row in range(rows):
        depth = row / (rows - 1)
        tall = (0.2 + 0.5 * depth**1.4) * min(1.3, wish.size)
        wood = pines(
            rng, width, height, 0.6 + 0.38 * depth, 0.05 - 0.02 * depth, tall, 3.4 - 1.2 * depth
        )
        tone = mix(mix(palette.far, palette.sky[3], 0.5), palette.near * 0.75, depth**0.9)
        image.paste(
            column([tone, tone, mix(tone, palette.sky[-1], 0.6 * (1 - depth))], width, height),
            None,
            wood,
        )
    return ImageChops.screen(image, to_image(_shafts(rng, w, h, palette, sun), width, height))


def _shafts(
    rng: np.random.Generator, width: int, height: int, palette: Palette, sun: tuple[float, float]
) -> Array:
    """Light that fans out from the sun in uneven rays."""
    x, y = grid(width, height)
    angle = np.arctan2(y - sun[1], x - sun[0])
    rays = ridge(rng, 512, 34, 3)[((angle / (2 * np.pi) + 0.5) * 511).astype(np.int32)]
    shine = smooth(0.0, 0.9, rays) * glow(x, y, sun, 0.55) * 0.5 + glow(x, y, sun, 0.12) * 0.35
    return np.asarray(palette.light * shine[..., None], dtype=np.float32)
