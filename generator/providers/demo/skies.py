"""The one place for skies: gradients, sun and moon, clouds and stars, painted on a canvas a
scene goes on with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageChops

from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    Array,
    add,
    disc,
    glow,
    grid,
    mix,
    noise,
    over,
    ramp,
    smooth,
)

WHITE = np.ones(3, dtype=np.float32)


@dataclass(frozen=True)
class Sky:
    """A painted sky: its canvas, the palette, the horizon's y and where the sun or moon stands."""

    canvas: Array
    palette: Palette
    horizon: float
    sun: tuple[float, float]


def backdrop(width: int, height: int, palette: Palette, horizon: float = 1.0) -> Array:
    """The sky's colours from the top down to `horizon`, the last one below it."""
    _, y = grid(1, height)
    return np.repeat(ramp(palette.sky, np.clip(y / horizon, 0, 1)), width, axis=1)


def clouds(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    sun: tuple[float, float],
    horizon: float,
    amount: float,
) -> None:
    """Long clouds, lit where they are near the sun and shaded elsewhere."""
    height, width = canvas.shape[:2]
    x, y = grid(width, height)
    field = noise(rng, width, height, 3.2, 6, 0.55, stretch=2.6)
    shifted = np.roll(field, max(1, height // 60), axis=0)
    band = smooth(0.02, 0.2, y / horizon) * smooth(1.0, 0.75, y / horizon)
    body = smooth(0.66 - 0.3 * amount, 0.95 - 0.22 * amount, field) * band
    light = glow(x, y, sun, 0.35)
    lit = mix(
        palette.sky[2] * 0.82,
        mix(palette.light, palette.sky[-1], 0.35),
        np.clip(light + 0.25, 0, 1)[..., None],
    )
    lit = lit + np.clip((field - shifted) * 2.2, -0.12, 0.25)[..., None]
    over(canvas, lit.astype(np.float32), body * 0.72)


def sunlit(
    rng: np.random.Generator,
    width: int,
    height: int,
    palette: Palette,
    horizon: float,
    sun: tuple[float, float],
    radius: float = 0.045,
    cloudy: float | None = None,
) -> Sky:
    """A day, dawn or dusk sky with a sun (or, in a dark palette, a moon) at `sun`."""
    canvas = backdrop(width, height, palette, horizon)
    x, y = grid(width, height)
    add(
        canvas,
        mix(palette.sky[-1], palette.light, 0.4),
        glow(x, y, sun, 0.34) * (0.25 if palette.dark else 0.4),
    )
    clouds(rng, canvas, palette, sun, horizon, rng.uniform(0.15, 0.7) if cloudy is None else cloudy)
    add(canvas, palette.light, glow(x, y, sun, radius * 1.6) * 0.6)
    if palette.dark:
        moon(rng, canvas, palette, sun, radius)
    else:
        over(canvas, mix(palette.light, WHITE, 0.75), disc(x, y, sun, radius, 0.006))
    return Sky(canvas, palette, horizon, sun)


def moon(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    at: tuple[float, float],
    radius: float,
) -> None:
    """A full moon with faint seas."""
    height, width = canvas.shape[:2]
    x, y = grid(width, height)
    face = disc(x, y, at, radius, 1.5 / height)
    seas = smooth(0.5, 0.7, noise(rng, width, height, 2.0 / radius, 4)) * 0.1
    over(canvas, mix(palette.light, WHITE, 0.3) * (1 - seas[..., None]), face)


def stars(
    rng: np.random.Generator, image: Image.Image, until: float, amount: float = 1.0
) -> Image.Image:
    """The image with stars above `until` (a share of its height), fewer and fainter near that
    line.
    """
    width, height = image.size
    count = int(260 * amount * max(1.0, width / height))
    sheet = np.zeros((height, width), dtype=np.uint8)
    ys = (rng.random(count) ** 1.25 * until * height).astype(int)
    xs = rng.integers(0, width, count)
    fade = 1 - (ys / (until * height)) ** 2
    power = (40 + 215 * rng.random(count) ** 3) * fade
    big = max(1, round(height / 900))
    for dx in range(big):
        for dy in range(big):
            sheet[np.clip(ys + dy, 0, height - 1), np.clip(xs + dx, 0, width - 1)] = power
    halo = Image.fromarray(sheet).reduce(2).resize((width, height), Image.Resampling.BILINEAR)
    bright = ImageChops.add(Image.fromarray(sheet), halo)
    return ImageChops.screen(image, Image.merge("RGB", (bright, bright, bright)))
