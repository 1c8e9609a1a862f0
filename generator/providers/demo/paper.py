"""The one place for folded paper: the faceted peak, and any picture as triangles."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.land import half
from generator.providers.demo.raster import (
    Array,
    grid,
    ink,
    mix,
    noise,
    over,
    ridge,
    smooth,
)
from generator.providers.demo.skies import WHITE, sunlit
from generator.providers.demo.words import Wish


def lowpoly(wish: Wish, width: int, height: int) -> Image.Image:
    """A snowy peak folded from paper triangles."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.25)
    aspect = w / h
    x, y = grid(w, h)
    peak = (aspect * rng.uniform(0.38, 0.62), rng.uniform(0.18, 0.28))
    sun = (aspect * (0.2 if peak[0] > aspect / 2 else 0.8), rng.uniform(0.14, 0.26))
    sky = sunlit(rng, w, h, palette, 0.72, sun, 0.085, cloudy=0.3)
    steep = rng.uniform(1.15, 1.5)
    rock = peak[1] + np.abs(x - peak[0]) * steep + 0.05 * ridge(rng, w, 9, 3)[None, :]
    side = smooth(-0.02, 0.02, (x - peak[0]) + 0.06 * (noise(rng, w, h, 6, 2) - 0.5))
    stone = mix(mix(palette.far, palette.near, 0.35), palette.near, side[..., None] * 0.6)
    snow = (y < rock + 0.13 + 0.1 * noise(rng, w, h, 9, 2)) & (y < 0.6)
    stone = np.where(snow[..., None], mix(WHITE, palette.sky[1], (side * 0.35)[..., None]), stone)
    over(sky.canvas, stone.astype(np.float32), np.clip((y - rock) * h + 0.5, 0, 1))
    meadow = np.array([0.25, 0.6, 0.33], np.float32)
    over(
        sky.canvas,
        mix(meadow, palette.near, 0.2),
        smooth(0.7, 0.71, y + 0.02 * ridge(rng, w, 6, 2)[None, :]),
    )
    over(
        sky.canvas,
        mix(np.array([0.06, 0.4, 0.48], np.float32), palette.near, 0.25),
        smooth(0.82, 0.83, y + 0.015 * ridge(rng, w, 6, 2)[None, :]),
    )
    return faceted(rng, sky.canvas, width, height, 34)


def faceted(
    rng: np.random.Generator, canvas: Array, width: int, height: int, rows: int
) -> Image.Image:
    """A canvas as triangles, each filled with the colour under its middle and a little light of
    its own.
    """
    columns = max(4, round(rows * width / height))
    gx, gy = np.meshgrid(np.arange(-1, columns + 2), np.arange(-1, rows + 2))
    px = (gx + rng.uniform(-0.42, 0.42, gx.shape)) * width / columns
    py = (gy + rng.uniform(-0.42, 0.42, gy.shape)) * height / rows
    image = Image.new("RGB", (width * 2, height * 2))
    pen = ImageDraw.Draw(image)
    h, w = canvas.shape[:2]
    for r in range(gx.shape[0] - 1):
        for c in range(gx.shape[1] - 1):
            corners = [
                (px[r + a, c + b], py[r + a, c + b]) for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))
            ]
            halves = ((0, 1, 2), (0, 2, 3)) if rng.random() < 0.5 else ((0, 1, 3), (1, 2, 3))
            for trio in halves:
                points = [corners[i] for i in trio]
                mx, my = (
                    sum(p[0] for p in points) / 3 / width,
                    sum(p[1] for p in points) / 3 / height,
                )
                colour = canvas[int(np.clip(my, 0, 0.999) * h), int(np.clip(mx, 0, 0.999) * w)]
                pen.polygon(
                    [(a * 2, b * 2) for a, b in points], fill=ink(colour * rng.uniform(0.9, 1.08))
                )
    return image.reduce(2)
