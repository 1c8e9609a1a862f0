"""The one place for bananas: on a plinth, or floating in a row."""

from __future__ import annotations

import numpy as np
from PIL import Image

from generator.providers.demo.land import half
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    Array,
    grid,
    mix,
    noise,
    over,
    rgb,
    smooth,
    to_image,
    window,
)
from generator.providers.demo.skies import WHITE
from generator.providers.demo.studio import gloss, shadow, studio
from generator.providers.demo.words import Wish


def banana(wish: Wish, width: int, height: int) -> Image.Image:
    """Bananas, on a plinth or floating over a backdrop."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.62)
    aspect = width / height
    unit = min(1.0, aspect)
    wall = mix(palette.sky[2], palette.accents[0], 0.35)
    canvas = studio(rng, w, h, wall, mix(wall, palette.sky[-1], 0.35), 0.7)
    count = wish.count or (1 if wish.has("banana", "a") else int(rng.integers(1, 4)))
    plinth = count == 1 and not wish.has("float", "floating", "flying", "levitating")
    middle = (aspect / 2, 0.47 if plinth else 0.44)
    if plinth:
        _stand(canvas, palette, aspect, unit)
    peel = _peels(wish, palette, count)
    for number in range(count):
        size = unit * (0.33 if count == 1 else min(0.3, 0.5 / count + 0.03)) * min(1.2, wish.size)
        spot = (
            aspect / 2 + (number - (count - 1) / 2) * aspect * 0.86 / count,
            middle[1] + (0 if count == 1 else rng.uniform(-0.07, 0.07)),
        )
        shade_y = 0.553 if plinth else 0.78
        shadow(
            canvas,
            wall * 0.2,
            (spot[0] + 0.05 * unit, shade_y),
            size * 0.75,
            size * (0.13 if plinth else 0.09),
            0.7 if plinth else 0.5,
        )
        _banana(
            rng,
            canvas,
            peel[number % len(peel)],
            spot,
            size,
            rng.uniform(-0.35, 0.1) if plinth else rng.uniform(-0.6, 0.6),
            wall,
        )
    return to_image(canvas, width, height)


def _stand(canvas: Array, palette: Palette, aspect: float, unit: float) -> None:
    """Two drums, the smaller on the larger."""
    pale = mix(palette.accents[5], palette.accents[0], 0.25)
    coral = palette.accents[0] if palette.name != "teal" else rgb("ee6f5a")
    _plinth(canvas, palette, (aspect / 2, 0.72), unit * 0.42, 0.3, pale)
    _plinth(canvas, palette, (aspect / 2, 0.565), unit * 0.285, 0.15, coral)


def _peels(wish: Wish, palette: Palette, count: int) -> list[Array]:
    """Ripe yellow first, whatever the palette; more bananas take its accents."""
    ripe = rgb("f8cf1d")
    if wish.has("gold", "golden"):
        ripe = rgb("e8962e")
    if wish.has("green", "unripe"):
        ripe = rgb("8cc63a")
    return [ripe, *(palette.accents[i] for i in (0, 2, 3))] if count > 1 else [ripe]


def _plinth(
    canvas: Array, palette: Palette, top: tuple[float, float], wide: float, tall: float, tone: Array
) -> None:
    """A round drum seen a little from above, its top at `top`."""
    height, width = canvas.shape[:2]
    x, y = grid(width, height)
    u = (x - top[0]) / wide
    curve = np.sqrt(np.clip(1 - u * u, 0, 1))
    flat = wide * 0.2
    shadow(canvas, tone * 0.2, (top[0] + wide * 0.5, top[1] + tall), wide * 1.15, flat * 1.2, 0.55)
    side = (
        np.clip((top[1] + tall + flat * curve - y) * height, 0, 1)
        * np.clip((y - top[1]) * height, 0, 1)
        * (np.abs(u) < 1)
    )
    light = 0.55 + 0.5 * smooth(1.0, -0.55, u) - 0.25 * smooth(-0.5, -1.0, u)
    down = 1.0 - 0.35 * np.clip((y - top[1]) / max(tall, 0.01), 0, 1)
    over(canvas, (tone * (light * down)[..., None]).astype(np.float32), side)
    lid = 1 - np.sqrt(u * u + ((y - top[1]) / flat) ** 2)
    face = tone * (1.04 + 0.1 * (-u) - 0.06 * (y - top[1]) / flat)[..., None]
    over(
        canvas,
        np.clip(mix(face.astype(np.float32), WHITE, 0.12), 0, 1),
        np.clip(lid * flat * height * 1.5 + 0.5, 0, 1),
    )


def _banana(
    rng: np.random.Generator,
    canvas: Array,
    peel: Array,
    at: tuple[float, float],
    size: float,
    tilt: float,
    floor: Array,
) -> None:
    """One banana: a tapered tube bent along an arc, with ridges, freckles, a stem and a dark
    tip.
    """
    height = canvas.shape[0]
    canvas, x, y = window(canvas, at, size * 1.25)
    cos, sin = np.cos(tilt), np.sin(tilt)
    u, v = (
        ((x - at[0]) * cos + (y - at[1]) * sin) / size,
        (-(x - at[0]) * sin + (y - at[1]) * cos) / size,
    )
    bend, span = 0.95, 1.02
    px, py = u, v + bend * 0.72
    angle = np.arctan2(px, py)
    along = angle / span
    off = np.sqrt(px * px + py * py) - bend
    body = np.sqrt(np.clip(1 - np.abs(np.clip(along, -1, 1)) ** 3.4, 0, 1)) * (0.205 + 0.02 * along)
    stem = 0.048 * (along > 0.7) * (along < 1.17) + 0.036 * (along < -0.7) * (along > -1.05)
    thick = np.maximum(body, stem)
    across = np.clip(off / np.maximum(thick, 1e-3), -1, 1)
    ridged = across + 0.1 * np.sin(across * 9.0)
    rise = np.sqrt(np.clip(1 - ridged * ridged, 0, 1))
    nx, ny = np.sin(angle) * ridged, np.cos(angle) * ridged
    taper = np.sign(along) * np.abs(np.clip(along, -1, 1)) ** 6 * 0.8
    nx, ny = nx + np.cos(angle) * taper, ny - np.sin(angle) * taper
    tone = _peel_tone(rng, peel, along, across, 34 * canvas.shape[0] / height)
    cx, cy = nx * cos - ny * sin, nx * sin + ny * cos
    over(
        canvas,
        gloss(tone, cx, cy, rise, floor, 0.75),
        np.clip((thick - np.abs(off)) * size * height + 0.5, 0, 1) * (np.abs(along) < 1.3),
    )


def _peel_tone(
    rng: np.random.Generator, peel: Array, along: Array, across: Array, cells: float
) -> Array:
    """Colour of the skin: greener ends, a soft ridge, freckles on ripe yellow, dark ends."""
    green = peel * np.array([0.62, 0.86, 0.3], np.float32)
    tone = mix(peel, green, smooth(0.55, 1.0, np.abs(along) + 0.12 * across)[..., None] * 0.65)
    tone = mix(tone, peel * 0.9, (0.35 * smooth(0.1, 0.0, np.abs(across - 0.25)))[..., None])
    if peel[0] > 0.7 and peel[2] < 0.3:
        spots = smooth(0.75, 0.81, noise(rng, along.shape[1], along.shape[0], cells, 2))
        tone = mix(
            tone, rgb("5c3a12"), (0.75 * spots * smooth(0.85, 0.5, np.abs(along)))[..., None]
        )
    ends = np.maximum(smooth(-0.93, -0.98, along), smooth(1.1, 1.14, along))
    return mix(tone, rgb("3a2a14"), ends[..., None])
