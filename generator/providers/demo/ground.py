"""The one place for wide open ground seen from above it: dunes and fields."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.land import half
from generator.providers.demo.raster import (
    Array,
    add,
    glow,
    grid,
    ink,
    lookup,
    mask,
    mix,
    over,
    ramp,
    rgb,
    tile,
    to_image,
)
from generator.providers.demo.skies import stars, sunlit
from generator.providers.demo.terrain import View, shaded, view
from generator.providers.demo.words import Wish


def _rippled(seen: View, sun: Array, warp: Array, fade: float) -> Array:
    """Wind ripples across the sand, gone where they would be finer than a pixel."""
    phase = seen.z * 62 + lookup(warp, seen.x * 0.11, seen.z * 0.11) * 62 + seen.x * 11
    return np.asarray(
        np.sin(phase) * np.exp(-seen.distance * fade) * (0.25 + 0.75 * sun), dtype=np.float32
    )


def dunes(wish: Wish, width: int, height: int) -> Image.Image:
    """Sand to the horizon in low light."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.62)
    aspect = w / h
    horizon = rng.uniform(0.3, 0.42)
    sun = (aspect * rng.uniform(0.12, 0.88), horizon - rng.uniform(0.015, 0.1))
    sky = sunlit(rng, w, h, palette, horizon + 0.05, sun, 0.03 * wish.size, cloudy=0.1)
    base = tile(rng, 384, 2, 3, 0.3)
    base = (base - base.min()) / (base.max() - base.min())
    crests = 1 - np.abs(base * 2 - 1) ** 0.9
    sand = (0.62 * crests + 0.38 * tile(rng, 384, 2, 2)).astype(np.float32)
    seen = view(
        sand,
        w,
        h,
        horizon=horizon,
        eye=1.2,
        lift=0.85,
        scale=0.14,
        offset=(rng.uniform(0, 9), rng.uniform(0, 9)),
        far=40,
    )
    side = 1.0 if sun[0] > aspect / 2 else -1.0
    light = shaded(sand, 34.0, (side, 0.42, 0.75), reach=40, slope=0.006)
    lit = lookup(light, seen.x * 0.14, seen.z * 0.14)
    fine = lookup(tile(rng, 128, 32, 2), seen.x * 5, seen.z * 5) - 0.5
    lit = lit + 0.11 * fine * np.exp(-seen.distance * 0.5)
    lit = np.clip(lit * 1.05 + 0.1 + 0.2 * _rippled(seen, lit, base, 0.27), 0, 1)
    grain = mix(rgb("dc9a50"), palette.far, 0.8 if palette.dark else 0.22)
    grain = mix(rgb("dc9a50"), palette.far, 0.8 if palette.dark else 0.22)
    cold = mix(palette.near, grain, 0.3)
    ground = ramp([cold * 0.8, mix(cold, grain, 0.55), grain, mix(grain, palette.light, 0.55)], lit)
    haze = 1 - np.exp(-((seen.distance / 17) ** 1.5))
    ground = mix(ground, mix(palette.sky[-1], palette.far, 0.3), haze[..., None])
    over(sky.canvas, ground, seen.ground)
    x, y = grid(w, h)
    add(sky.canvas, palette.light, glow(x, y, sun, 0.16) * 0.5)
    image = to_image(sky.canvas, width, height)
    return stars(rng, image, horizon * 0.9, 1.2) if palette.dark else image


def hills(wish: Wish, width: int, height: int) -> Image.Image:
    """Fields in stripes over rolling land, a lane of cypresses winding away."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = w / h
    horizon = rng.uniform(0.3, 0.4)
    sun = (aspect * rng.uniform(0.15, 0.85), horizon - rng.uniform(0.03, 0.14))
    sky = sunlit(rng, w, h, palette, horizon + 0.06, sun, 0.035, cloudy=0.6)
    land = tile(rng, 256, 3, 3, 0.32)
    spot = (rng.uniform(0, 9), rng.uniform(0, 9))
    seen = view(land, w, h, horizon=horizon, eye=1.15, lift=0.7, scale=0.11, offset=spot, far=44)
    lit = lookup(
        shaded(land, 14.0, (1.0 if sun[0] > aspect / 2 else -1.0, 0.6, 0.8), 20),
        seen.x * 0.11,
        seen.z * 0.11,
    )
    ground = _fields(rng, wish, seen) * (0.5 + 0.75 * lit[..., None])
    haze = 1 - np.exp(-((seen.distance / 20) ** 1.4))
    over(
        sky.canvas,
        mix(ground, mix(palette.sky[-1], palette.far, 0.25), haze[..., None]),
        seen.ground,
    )
    x, y = grid(w, h)
    add(sky.canvas, palette.light, glow(x, y, sun, 0.2) * 0.35)
    image = to_image(sky.canvas, width, height)
    _cypresses(rng, image, wish, horizon)
    return image


def _fields(rng: np.random.Generator, wish: Wish, seen: View) -> Array:
    """Colour of each field: patches of greens and golds, ploughed in stripes of differing
    directions.
    """
    green, gold = np.array([0.33, 0.55, 0.2], np.float32), np.array([0.8, 0.62, 0.22], np.float32)
    crops = [
        green,
        mix(green, gold, 0.4),
        gold,
        mix(gold, wish.palette.accents[0], 0.3),
        green * 0.75,
    ]
    if wish.palette.name not in {"noon", "gold", "forest", "dawn", "sunset"}:
        crops = [mix(crop, wish.palette.far, 0.55) for crop in crops]
    patches = tile(rng, 256, 5, 2, 0.3)
    which = np.floor(lookup(patches, seen.x * 0.1, seen.z * 0.1) * 9)
    turn = which * 2.4
    rows = np.sin((seen.x * np.cos(turn) + seen.z * np.sin(turn)) * 52)
    table = np.stack([crops[i % 5] for i in range(10)])
    fade = np.exp(-seen.distance * 0.24)
    return np.asarray(
        table[which.astype(int).clip(0, 9)] * (1 + 0.13 * (rows * fade)[..., None]),
        dtype=np.float32,
    )


def _cypresses(rng: np.random.Generator, image: Image.Image, wish: Wish, horizon: float) -> None:
    width, height = image.size
    aspect = width / height
    sway, start = rng.uniform(0.12, 0.3) * rng.choice([-1, 1]), aspect * rng.uniform(0.35, 0.65)
    near = np.linspace(0, 1, wish.count or 15) ** 1.7

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for depth in near:
            y = horizon + 0.05 + (0.93 - horizon) * depth
            x = start + sway * np.sin(depth * 5.2 + 0.6) * (0.35 + depth)
            tall = (0.025 + 0.15 * depth) * wish.size
            edge = [
                (x + tall * 0.13 * np.sin(t * np.pi) ** 0.8 * (1.1 - t * 0.5) * s, y - tall * t)
                for s in (1, -1)
                for t in (np.linspace(0, 1, 14) if s == 1 else np.linspace(1, 0, 14))
            ]
            pen.polygon([(px * unit, py * unit) for px, py in edge], fill=255)

    image.paste(
        ink(mix(np.array([0.1, 0.2, 0.14], np.float32), wish.palette.near, 0.4)),
        None,
        mask(width, height, draw),
    )
