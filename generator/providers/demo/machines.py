"""The one place for machines: friendly robots and hot-air balloons."""

from __future__ import annotations

import numpy as np
from PIL import Image

from generator.providers.demo.land import half, ranges
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    Array,
    add,
    glow,
    mix,
    over,
    rgb,
    smooth,
    to_image,
    window,
)
from generator.providers.demo.skies import WHITE, sunlit
from generator.providers.demo.studio import gloss, shadow, studio
from generator.providers.demo.words import Wish

Part = tuple[Array, float, float, float, float, float]
"""Colour, place across and up, half width, half height and corner, in sizes of the robot."""


def _box(
    canvas: Array,
    tone: Array,
    at: tuple[float, float],
    half_size: tuple[float, float],
    corner: float,
    floor: Array,
) -> None:
    """A glossy box with round edges, seen from the front."""
    part, x, y = window(canvas, at, max(half_size) * 1.1)
    dx, dy = x - at[0], y - at[1]
    qx, qy = np.abs(dx) - half_size[0] + corner, np.abs(dy) - half_size[1] + corner
    outside = (
        np.hypot(np.maximum(qx, 0), np.maximum(qy, 0)) + np.minimum(np.maximum(qx, qy), 0) - corner
    )
    bevel = np.clip(1 + outside / corner, 0, 1)
    nx = np.sign(dx) * np.maximum(qx, 0) / corner + 0.25 * dx / half_size[0] + 0 * dy
    ny = np.sign(dy) * np.maximum(qy, 0) / corner + 0.25 * dy / half_size[1] + 0 * dx
    nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.02, 1)) * (1 - 0.2 * bevel)
    tint = np.broadcast_to(tone, (*outside.shape, 3))
    over(part, gloss(tint, nx, ny, nz, floor, 0.6), np.clip(-outside * canvas.shape[0] + 0.5, 0, 1))


def robot(wish: Wish, width: int, height: int) -> Image.Image:
    """Friendly robots in a studio: round-edged boxes, glowing eyes, an aerial."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = width / height
    wall = mix(palette.sky[2], palette.sky[3], 0.4)
    canvas = studio(rng, w, h, wall, mix(wall, palette.sky[-1], 0.4), 0.75)
    count = min(wish.count or 1, 5)
    for number in range(count):
        size = (
            min(1.0, aspect * 1.15 / count**0.75)
            * min(1.2, wish.size)
            * (1 if count == 1 else rng.uniform(0.8, 1.0))
        )
        x = aspect / 2 + (number - (count - 1) / 2) * aspect * 0.9 / count
        _robot(rng, canvas, palette, x, 0.86, size, palette.accents[number % 4], wall)
    return to_image(canvas, width, height)


def _robot(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    x: float,
    foot: float,
    size: float,
    tone: Array,
    floor: Array,
) -> None:
    """One robot, feet first; its arms hang as chance has it."""
    pale, steel = mix(palette.accents[5], WHITE, 0.4), mix(palette.near, rgb("59616e"), 0.6)
    shine = mix(palette.accents[1], rgb("7df9ff"), 0.6)
    shadow(canvas, floor * 0.2, (x + 0.05, foot + 0.005), 0.3 * size, 0.045 * size, 0.65)
    parts: list[Part] = []
    for way in (-1, 1):
        drop = rng.uniform(-0.1, 0.04)
        parts += [
            (steel, way * 0.085, 0.06, 0.035, 0.07, 0.03),
            (tone, way * 0.09, 0.015, 0.062, 0.028, 0.026),
            (steel, way * 0.225, 0.255 - drop / 2, 0.03, 0.09, 0.029),
            (tone, way * 0.225, 0.16 - drop, 0.046, 0.046, 0.045),
        ]
    parts += [(pale, 0, 0.25, 0.175, 0.14, 0.06), (steel * 0.7, 0, 0.26, 0.085, 0.05, 0.02)]
    parts += [(palette.accents[n], (n - 1) * 0.05, 0.26, 0.014, 0.014, 0.0139) for n in range(3)]
    parts += [
        (steel, 0, 0.715, 0.008, 0.06, 0.0079),
        (palette.accents[0], 0, 0.78, 0.025, 0.025, 0.0249),
        (tone, 0, 0.53, 0.205, 0.148, 0.085),
        (rgb("10131c"), 0, 0.522, 0.158, 0.095, 0.06),
    ]
    parts += [(mix(shine, WHITE, 0.4), way * 0.07, 0.535, 0.024, 0.034, 0.0239) for way in (-1, 1)]
    for colour, across, up, wide, tall, corner in parts:
        at = (x + across * size, foot - up * size)
        _box(canvas, colour, at, (wide * size, tall * size), corner * size, floor)
    for way in (-1, 1):
        eye = (x + way * 0.07 * size, foot - 0.535 * size)
        part, gx, gy = window(canvas, eye, 0.1 * size)
        halo = glow(gx, gy, eye, 0.022 * size) * smooth(
            0.1, 0.05, np.hypot(gx - eye[0], gy - eye[1]) / size
        )
        add(part, shine, halo * 0.5)


def balloons(wish: Wish, width: int, height: int) -> Image.Image:
    """Hot-air balloons over ranges of hills."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = width / height
    top = rng.uniform(0.62, 0.7)
    sky = sunlit(
        rng,
        w,
        h,
        palette,
        top + 0.1,
        (aspect * rng.uniform(0.15, 0.85), top - 0.06),
        0.04,
        cloudy=0.75,
    )
    ranges(rng, sky.canvas, wish, top, 4, 0.46)
    count = wish.count or int(rng.integers(4, 8))
    for number in range(count):
        near = (number + 0.6) / count
        radius = (
            min(1.0, aspect) * (0.03 + 0.13 * near**1.6) * wish.size * (1.25 if count < 3 else 1)
        )
        x = aspect * ((number * 0.618 + rng.uniform(0, 0.25)) % 1 * 0.86 + 0.07)
        _balloon(
            rng,
            sky.canvas,
            palette,
            (x, rng.uniform(0.14, 0.3 + 0.25 * (1 - near)) + radius * 0.4),
            radius,
            1 - near,
        )
    return to_image(sky.canvas, width, height)


def _balloon(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    at: tuple[float, float],
    radius: float,
    far: float,
) -> None:
    """A striped envelope narrowing to a basket; the far ones take the colour of the air."""
    part, x, y = window(canvas, at, radius * 2.0)
    dx, dy = (x - at[0]) / radius, (y - at[1]) / radius
    belly = np.where(
        dy < 0,
        np.sqrt(np.clip(1 - dy * dy, 0, 1)),
        np.clip(np.cos(np.clip(dy, 0, 1.32) * 1.05), 0, 1) ** 0.85,
    )
    across = np.clip(dx / np.maximum(belly, 1e-3), -1, 1)
    gores = np.floor((np.arcsin(across) / np.pi + 0.5) * 9).astype(np.int32)
    tones = [palette.accents[i] for i in rng.permutation(4)[:2]]
    pattern = np.stack([tones[0], mix(palette.accents[5], WHITE, 0.3), tones[1]])[gores % 3]
    band = (np.abs(dy + 0.05) < 0.14) * (1.0 if rng.random() < 0.5 else 0.0)
    pattern = mix(pattern, tones[0] * 0.8, (band + 0 * dx)[..., None])
    nz = np.sqrt(np.clip(1 - across * across, 0, 1)) * np.clip(1 - 0.25 * dy * dy, 0.2, 1)
    body = gloss(
        pattern.astype(np.float32),
        across * 0.9,
        np.clip(dy, -1, 1) * 0.8 + 0 * dx,
        nz,
        palette.sky[-1],
        0.25,
    )
    body = mix(body, palette.sky[3], 0.55 * far)
    inside = np.minimum((belly - np.abs(dx)) * radius, (1.3 - dy) * radius)
    over(part, body, np.clip(inside * canvas.shape[0] + 0.5, 0, 1) * (dy > -1) * (dy < 1.3))
    wood = mix(rgb("7a4a28"), palette.sky[3], 0.5 * far)
    ropes = (np.abs(np.abs(dx) - 0.13 - 0.07 * (1.62 - dy)) < 0.012) * (dy > 1.28) * (dy < 1.62)
    basket = (np.abs(dx) < 0.15) * (dy > 1.6) * (dy < 1.84)
    over(part, wood, np.clip(ropes * 0.8 + basket, 0, 1).astype(np.float32))
