"""The one place for heaps of glossy spheres and still lives of fruit."""

from __future__ import annotations

import numpy as np
from PIL import Image

from generator.providers.demo.land import half
from generator.providers.demo.raster import (
    Array,
    grid,
    mix,
    noise,
    over,
    rgb,
    smooth,
    tile,
    to_image,
    window,
)
from generator.providers.demo.studio import ball, shadow, studio
from generator.providers.demo.words import Wish


def spheres(wish: Wish, width: int, height: int) -> Image.Image:
    """A heap of glossy balls on a pale floor."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = width / height
    unit = min(1.0, aspect)
    floor = mix(palette.sky[-2], palette.accents[5], 0.55)
    canvas = studio(rng, w, h, mix(floor, palette.sky[2], 0.3), floor, 0.62)
    count = wish.count or int(rng.integers(5, 9))
    placed = _heap(rng, count, aspect / 2, unit * wish.size**0.5)
    base = max((y + r for _, y, r in placed), default=0.8)
    tone = mix(palette.far, palette.near, 0.4)
    for x, y, r in placed:
        gap = base - y - r
        shadow(
            canvas,
            tone,
            (x + r * 0.5 + gap * 0.4, base + r * 0.12 + gap * 0.1),
            r * (1.2 + gap),
            r * 0.26,
            0.5 / (1 + gap * 5),
        )
    order = rng.permutation(5)
    for number, (x, y, r) in enumerate(sorted(placed, key=lambda b: b[1] - b[2] * 0.5)):
        ball(canvas, palette.accents[order[number % 5]], (x, y), r, floor)
    return to_image(canvas, width, height)


def _heap(
    rng: np.random.Generator, count: int, middle: float, unit: float
) -> list[tuple[float, float, float]]:
    """Places and radii of balls that touch: each new one leans on one already there."""
    share = (3.2 / (count + 1.4)) ** 0.5
    placed = [(middle, 0.5, unit * rng.uniform(0.15, 0.2) * min(1.5, share + 0.25))]
    for _ in range(300):
        if len(placed) == count:
            break
        radius = unit * rng.uniform(0.06, 0.19) * share
        x, y, r = placed[rng.integers(0, len(placed))]
        angle, gap = rng.uniform(0, 2 * np.pi), (r + radius) * 0.93
        spot = (x + np.cos(angle) * gap, y + np.sin(angle) * gap * 0.9)
        apart = all(
            (spot[0] - a) ** 2 + (spot[1] - b) ** 2 > ((radius + c) * 0.78) ** 2
            for a, b, c in placed
        )
        if apart and abs(spot[0] - middle) < 0.36 * unit and abs(spot[1] - 0.5) < 0.3:
            placed.append((*spot, radius))
    spots = np.array(placed)
    low, high = (spots[:, :2] - spots[:, 2:]).min(axis=0), (spots[:, :2] + spots[:, 2:]).max(axis=0)
    grow = 0.66 * unit / float((high - low).max())
    centre = (low + high) / 2
    spots = (spots - [*centre, 0]) * grow + [middle, 0.49, 0]
    return [(float(x), float(y), float(r)) for x, y, r in spots]


def fruit(wish: Wish, width: int, height: int) -> Image.Image:
    """A still life: round fruit with stalks and leaves on a table in window light."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = width / height
    unit = min(1.0, aspect)
    wall, table = mix(palette.near, palette.sky[1], 0.4), mix(rgb("a8703f"), palette.far, 0.3)
    canvas = studio(rng, w, h, wall, wall * 0.7, 0.8)
    x, y = grid(w, h)
    edge = 0.66
    wood = 0.9 + 0.2 * noise(rng, w, h, 22, 4, 0.6, stretch=14)
    over(
        canvas,
        (table * wood[..., None] * (1.15 - 0.6 * (y[..., None] - edge))).astype(np.float32),
        smooth(edge - 0.003, edge + 0.003, y + 0 * x),
    )
    kinds = _fruits(wish, rng)
    count = wish.count or int(rng.integers(3, 6))
    skin = tile(rng, 128, 16, 3, 0.6)
    spread = np.linspace(-0.5, 0.5, count) * min(0.66, 0.2 * (count - 1)) * unit + rng.normal(
        0, 0.012, count
    )
    for slot in sorted(range(count), key=lambda i: -abs(i - (count - 1) / 2) + rng.random()):
        radius = unit * rng.uniform(0.115, 0.15) * (1.3 if count < 4 else 1.0) * wish.size**0.6
        foot = edge + rng.uniform(0.05, 0.2)
        at = (aspect / 2 + spread[slot], foot - radius)
        shadow(
            canvas,
            table * 0.25,
            (at[0] + radius * 0.55, foot - radius * 0.06),
            radius * 1.35,
            radius * 0.24,
            0.75,
        )
        _stalk(canvas, at, radius)
        ball(canvas, kinds[slot % len(kinds)], at, radius, table, skin, 0.7)
        _leaf(canvas, at, radius, rng.choice([-1.0, 1.0]))
    return to_image(canvas, width, height)


def _fruits(wish: Wish, rng: np.random.Generator) -> list[Array]:
    known = {
        "apple": "d3352b",
        "orange": "f0892a",
        "lemon": "f6d13a",
        "peach": "f6a56b",
        "cherry": "a3142e",
        "cherries": "a3142e",
        "tomato": "dc3a24",
        "lime": "8fc23c",
        "plum": "5c2a5e",
    }
    asked = [rgb(code) for word, code in known.items() if wish.has(word, word + "s", word + "es")]
    return asked or [wish.palette.accents[i] for i in rng.permutation(5)[:3]]


def _stalk(canvas: Array, at: tuple[float, float], radius: float) -> None:
    height = canvas.shape[0]
    canvas, x, y = window(canvas, at, radius * 1.8)
    bend = at[0] + radius * 0.05 + (at[1] - radius - y) * 0.35
    stem = (
        np.clip((radius * 0.045 - np.abs(x - bend)) * height + 0.5, 0, 1)
        * (y < at[1] - radius * 0.8)
        * (y > at[1] - radius * 1.32)
    )
    over(canvas, rgb("5a3d22"), stem.astype(np.float32))


def _leaf(canvas: Array, at: tuple[float, float], radius: float, way: float) -> None:
    height = canvas.shape[0]
    canvas, x, y = window(canvas, at, radius * 1.8)
    u = ((x - at[0]) * way + (at[1] - radius * 1.12 - y) * 0.45) / radius
    v = ((at[1] - radius * 1.12 - y) - (x - at[0]) * way * 0.3) / radius
    inside = 0.2 * np.sin(np.clip(u / 0.72, 0, 1) * np.pi) - np.abs(v - 0.1 * u)
    vein = smooth(0.012, 0.03, np.abs(v - 0.1 * u))
    green = rgb("4f9a3c") * (0.75 + 0.35 * vein + 0.35 * np.clip(v, -0.3, 0.5))[..., None]
    over(
        canvas,
        green.astype(np.float32),
        np.clip(inside * radius * height + 0.5, 0, 1) * (u > 0) * (u < 0.72),
    )
