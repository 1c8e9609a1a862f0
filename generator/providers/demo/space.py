"""The one place for scenes in space: a ringed planet and a spiral galaxy."""

from __future__ import annotations

import numpy as np
from PIL import Image

from generator.providers.demo.land import half
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    Array,
    add,
    box_of,
    glow,
    grid,
    lookup,
    mix,
    noise,
    over,
    ramp,
    rgb,
    smooth,
    tile,
    to_image,
)
from generator.providers.demo.skies import stars
from generator.providers.demo.words import Wish

VOID = rgb("04040c")


def nebula(
    rng: np.random.Generator, width: int, height: int, palette: Palette, strength: float
) -> Array:
    """Clouds of coloured gas on black, with dark lanes."""
    warp = noise(rng, width, height, 2.4, 5)
    first = noise(rng, width, height, 1.6, 6, 0.55)
    second = noise(rng, width, height, 2.2, 6, 0.55)
    lanes = smooth(0.3, 0.62, warp)
    canvas = np.broadcast_to(mix(VOID, palette.sky[0], 0.35), (height, width, 3)).astype(np.float32)
    gas = smooth(0.48, 0.86, first) * strength * lanes
    add(canvas, palette.accents[2], gas * 0.8)
    add(canvas, palette.accents[0], smooth(0.55, 0.9, second) * strength * 0.6 * lanes)
    add(canvas, palette.accents[1], smooth(0.62, 0.95, first * second * 1.7) * strength * 0.55)
    return canvas


def planet(wish: Wish, width: int, height: int) -> Image.Image:
    """A banded giant, ringed, with a moon or more."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.7)
    soft_w, soft_h = half(width, height, 0.3)
    image = stars(rng, to_image(nebula(rng, soft_w, soft_h, palette, 0.75), w, h), 1.4, 2.2)
    canvas = np.asarray(image, dtype=np.float32) / 255
    aspect = width / height
    unit = min(1.0, aspect)
    centre = (aspect * rng.uniform(0.4, 0.6), rng.uniform(0.42, 0.58))
    radius = rng.uniform(0.19, 0.25) * unit * wish.size
    turn, flat = rng.uniform(-0.6, 0.6), rng.uniform(0.16, 0.34)
    sun = (np.cos(turn + rng.choice([0.5, 2.6])) * 0.8, -0.45)
    for _ in range((wish.count or int(rng.integers(1, 3))) if wish.count != 1 else 1):
        place = (
            aspect * rng.uniform(0.06, 0.94),
            rng.uniform(0.08, 0.3) if rng.random() < 0.6 else rng.uniform(0.75, 0.93),
        )
        _globe(
            rng,
            canvas,
            [mix(rgb("8d8f9a"), c, 0.3) for c in palette.accents[:3]],
            place,
            unit * rng.uniform(0.018, 0.045),
            sun,
            0.0,
        )
    rings = rng.random() < 0.8 or wish.has("ring", "rings", "ringed", "saturn")
    if rings:
        _rings(rng, canvas, palette, centre, radius, turn, flat, front=False)
    colours = [palette.accents[i] for i in rng.permutation(5)[:3]]
    bands = [
        mix(rgb("f2dcc0"), c, s)
        for c, s in zip((*colours, *colours[::-1]), (0.25, 0.7, 0.35, 0.85, 0.2, 0.6), strict=True)
    ]
    add(
        canvas,
        mix(palette.accents[1], palette.light, 0.4),
        glow(*grid(w, h), centre, radius * 1.02) * 0.22,
    )
    _globe(rng, canvas, bands, centre, radius, sun, turn)
    if rings:
        _rings(rng, canvas, palette, centre, radius, turn, flat, front=True)
    return to_image(canvas, width, height)


def _globe(
    rng: np.random.Generator,
    canvas: Array,
    bands: list[Array],
    centre: tuple[float, float],
    radius: float,
    sun: tuple[float, float],
    turn: float,
) -> None:
    """A lit ball with bands across it; it knows its dark side and has a thin bright rim."""
    height, width = canvas.shape[:2]
    box = box_of(centre, radius * 1.06, width, height)
    x, y = grid(width, height)
    dx, dy = (x[:, box[1]] - centre[0]) / radius, (y[box[0]] - centre[1]) / radius
    reach = dx * dx + dy * dy
    dz = np.sqrt(np.clip(1 - reach, 0, 1))
    across, up = dx * np.cos(turn) + dy * np.sin(turn), -dx * np.sin(turn) + dy * np.cos(turn)
    swirl = tile(rng, 256, 4, 6, 0.55)
    flow = lookup(swirl, across * 0.35 / (0.35 + dz), up * 1.3)
    latitude = lookup(swirl, np.full_like(up, 0.3), up * 0.55 + 0.035 * (flow - 0.5))
    colour = ramp(bands, np.clip(latitude * 1.3 - 0.15 + 0.1 * (flow - 0.5), 0, 1))
    light = np.array([sun[0], sun[1], 0.5]) / np.linalg.norm([sun[0], sun[1], 0.5])
    lit = np.clip(dx * light[0] + dy * light[1] + dz * light[2] + 0.04, 0, 1) ** 0.8
    colour = colour * (0.02 + 1.08 * lit[..., None])
    rim = (1 - dz) ** 3 * lit * 0.5
    add(colour, mix(bands[0], np.ones(3, np.float32), 0.5), rim)
    over(canvas[box], colour, np.clip((1 - np.sqrt(reach)) * radius * height + 0.5, 0, 1))


def _rings(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    centre: tuple[float, float],
    radius: float,
    turn: float,
    flat: float,
    *,
    front: bool,
) -> None:
    """Half of the rings: the far half before the globe is painted, the near half after."""
    height, width = canvas.shape[:2]
    box = box_of(centre, radius * 2.5, width, height)
    x, y = grid(width, height)
    dx, dy = x[:, box[1]] - centre[0], y[box[0]] - centre[1]
    along, up = (
        dx * np.cos(turn) + dy * np.sin(turn),
        (-dx * np.sin(turn) + dy * np.cos(turn)) / flat,
    )
    reach = np.sqrt(along * along + up * up) / radius
    dice = np.random.default_rng(int(radius * 1e6))
    grooves = np.interp(
        np.linspace(0, 1, 400), np.linspace(0, 1, 60), 0.15 + 0.85 * dice.random(60)
    ).astype(np.float32)
    at = np.clip((reach - 1.28) / 1.0, 0, 1)
    alpha = (
        grooves[(at * 399).astype(np.int32)] * smooth(1.27, 1.31, reach) * smooth(2.3, 2.25, reach)
    )
    alpha = alpha * (1 - 0.9 * np.exp(-(((reach - 1.86) / 0.025) ** 2)))
    side = (up > 0) if front else (up <= 0)
    tone = ramp(
        [
            palette.accents[5],
            mix(palette.accents[1], palette.accents[5], 0.6),
            palette.accents[5] * 0.8,
        ],
        at,
    )
    over(canvas[box], tone, alpha * side * 0.88)


def galaxy(wish: Wish, width: int, height: int) -> Image.Image:
    """A spiral galaxy seen at a slant, gas behind it."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    soft = half(width, height, 0.3)
    canvas = np.asarray(to_image(nebula(rng, *soft, palette, 0.6), w, h), dtype=np.float32) / 255
    aspect = width / height
    unit = min(1.0, aspect)
    x, y = grid(w, h)
    centre = (aspect * rng.uniform(0.4, 0.6), rng.uniform(0.4, 0.6))
    turn, flat = rng.uniform(0, np.pi), rng.uniform(0.45, 0.8)
    dx, dy = x - centre[0], y - centre[1]
    u, v = dx * np.cos(turn) + dy * np.sin(turn), (-dx * np.sin(turn) + dy * np.cos(turn)) / flat
    reach = np.sqrt(u * u + v * v) / (0.46 * unit * wish.size) + 1e-4
    angle = np.arctan2(v, u)
    grain = noise(rng, w, h, 9, 6, 0.62)
    arms = wish.count or int(rng.integers(2, 5))
    twist = rng.choice([-1, 1]) * rng.uniform(2.6, 4.2)
    phase = np.cos(arms * angle + twist * np.log(reach) * 1.2 + (grain - 0.5) * 2.6)
    arm = smooth(-0.35, 1.0, phase) * np.exp(-reach * 1.7) * smooth(0.04, 0.4, reach)
    dust = smooth(
        -0.2, 0.8, np.cos(arms * angle + twist * np.log(reach) * 1.2 + 1.3 + (grain - 0.5) * 4)
    )
    body = ramp(
        [
            palette.light,
            mix(palette.light, palette.accents[1], 0.6),
            palette.accents[0],
            palette.accents[2],
        ],
        np.clip(reach * 0.9, 0, 1),
    )
    add(canvas, body, np.clip(arm * (0.35 + 1.5 * grain) * 2.1 * (1 - 0.45 * dust), 0, 1.5))
    add(
        canvas,
        palette.light,
        np.clip(0.9 * np.exp(-((reach * 5.5) ** 1.1)) + 0.42 * np.exp(-reach * 3.4), 0, 1.3),
    )
    knots = smooth(0.66, 0.95, noise(rng, w, h, 130, 1)) * arm
    add(canvas, mix(palette.accents[0], np.ones(3, np.float32), 0.5), np.clip(knots * 2.4, 0, 1))
    return stars(rng, to_image(canvas, width, height), 1.5, 4)
