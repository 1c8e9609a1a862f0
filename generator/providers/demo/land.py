"""The one place for mountain ranges and the pines every northern scene stands on."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.raster import (
    Array,
    grid,
    ink,
    mask,
    mix,
    over,
    ridge,
    to_image,
)
from generator.providers.demo.skies import stars, sunlit
from generator.providers.demo.words import Wish


def half(width: int, height: int, share: float = 0.5) -> tuple[int, int]:
    """The size a soft part is painted at before it is enlarged."""
    return max(16, round(width * share)), max(16, round(height * share))


def pine(
    pen: ImageDraw.ImageDraw, unit: float, x: float, foot: float, tall: float, lean: float
) -> None:
    """One pine: a jagged triangle of seven tiers standing at (x, foot), in units."""
    tiers = 7
    left: list[tuple[float, float]] = [(x + lean, foot - tall)]
    right = list(left)
    for tier in range(1, tiers + 1):
        y = foot - tall * (1 - tier / tiers)
        reach = tall * 0.2 * (tier / tiers) ** 0.85
        left += [(x - reach, y), (x - reach * 0.42, y - tall * 0.025)]
        right += [(x + reach, y), (x + reach * 0.42, y - tall * 0.025)]
    pen.polygon([(px * unit, py * unit) for px, py in left + right[::-1]], fill=255)
    pen.rectangle(
        [
            (x - tall * 0.02) * unit,
            (foot - 2 / unit) * unit,
            (x + tall * 0.02) * unit,
            (foot + tall * 0.06) * unit,
        ],
        fill=255,
    )


def slope(pen: ImageDraw.ImageDraw, unit: float, skyline: Array, aspect: float) -> None:
    """Everything below a skyline (heights as y in units, evenly spread over the width)."""
    xs = np.linspace(0, aspect, len(skyline))
    edge = [(float(x) * unit, float(y) * unit) for x, y in zip(xs, skyline, strict=True)]
    pen.polygon([(0, 2 * unit), *edge, (aspect * unit, 2 * unit)], fill=255)


def pines(
    rng: np.random.Generator,
    width: int,
    height: int,
    base: float,
    swing: float,
    tall: float,
    dense: float,
) -> Image.Image:
    """A mask of a wooded slope: its skyline near y = `base`, trees about `tall` high."""
    aspect = width / height
    skyline = base + swing * ridge(rng, 400, 3 * max(1.0, aspect), 3)
    groves = ridge(rng, 400, 7 * max(1.0, aspect), 2)

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        slope(pen, unit, skyline, aspect)
        for x in np.sort(rng.uniform(-0.02, aspect + 0.02, int(aspect * dense / tall))):
            spot = int(np.clip(x / aspect, 0, 1) * 399)
            size = tall * rng.uniform(0.45, 1.0) * (0.75 + 0.45 * groves[spot])
            if size > tall * 0.25:
                pine(pen, unit, x, skyline[spot] + size * 0.1, size, rng.normal(0, 0.004))

    return mask(width, height, draw)


def ranges(
    rng: np.random.Generator, canvas: Array, wish: Wish, top: float, count: int, rough: float
) -> None:
    """Ranges one before the other, each darker than the last, with mist in the valleys between."""
    height, width = canvas.shape[:2]
    _, y = grid(width, height)
    palette = wish.palette
    aspect = width / height
    haze = mix(palette.sky[-1], palette.sky[2], 0.35)
    for layer in range(count):
        depth = layer / max(1, count - 1)
        base = top + (0.93 - top) * depth**1.15
        peaks = ridge(rng, width, (2.2 + 1.6 * depth) * max(0.8, aspect), 7, rough)
        skyline = (base - (0.085 - 0.03 * depth) * wish.size * peaks - 0.02)[None, :]
        colour = mix(
            mix(palette.far, palette.sky[-2], 0.25 * (1 - depth)), palette.near, depth**1.3 * 0.85
        )
        valley = np.convolve(np.pad(skyline[0], 40, mode="edge"), np.ones(81) / 81, mode="valid")
        below = np.clip((y - valley[None, :] + 0.02) / 0.24, 0, 1)
        body = mix(colour, mix(colour, haze, 0.55 * (1 - depth * 0.6)), (below**0.8)[..., None])
        over(canvas, body, np.clip((y - skyline) * height + 0.5, 0, 1))


def mountains(wish: Wish, width: int, height: int) -> Image.Image:
    """Ranges fading into a dawn, pines in front."""
    rng = wish.rng("layout")
    w, h = half(width, height)
    aspect = width / height
    top = rng.uniform(0.4, 0.5)
    sun = (aspect * rng.uniform(0.2, 0.8), top - rng.uniform(0.01, 0.09))
    sky = sunlit(rng, w, h, wish.palette, top + 0.12, sun, 0.032 * wish.size)
    ranges(rng, sky.canvas, wish, top, int(rng.integers(5, 8)), rng.uniform(0.46, 0.56))
    image = to_image(sky.canvas, width, height)
    if wish.palette.dark or wish.palette.name in {"dawn", "dusk"}:
        image = stars(wish.rng("stars"), image, top * 0.8, 0.5 if not wish.palette.dark else 1.0)
    image.paste(
        ink(mix(wish.palette.near, wish.palette.far, 0.16)),
        None,
        pines(rng, width, height, 0.86, 0.02, 0.085, 3.2),
    )
    image.paste(
        ink(wish.palette.near * 0.8), None, pines(rng, width, height, 0.965, 0.03, 0.15, 2.4)
    )
    return image
