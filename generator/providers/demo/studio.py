"""The one place for studio light: seamless backdrops, glossy shading, soft shadows and balls."""

from __future__ import annotations

import numpy as np

from generator.providers.demo.raster import (
    Array,
    add,
    glow,
    grid,
    lookup,
    mix,
    over,
    ramp,
    smooth,
    window,
)
from generator.providers.demo.skies import WHITE

LIGHT = np.array([-0.5, -0.72, 0.62], np.float32) / np.linalg.norm([-0.5, -0.72, 0.62])


def studio(
    rng: np.random.Generator, width: int, height: int, wall: Array, floor: Array, edge: float
) -> Array:
    """A seamless backdrop: a wall, a floor and no line between them, brighter where the lamp
    points.
    """
    x, y = grid(width, height)
    aspect = width / height
    canvas = ramp(
        [wall * 0.86, wall, mix(wall, floor, 0.5), floor, floor * 0.93],
        np.repeat(np.clip((y - edge + 0.55) / 1.1, 0, 1), width, axis=1),
    )
    add(
        canvas,
        mix(wall, WHITE, 0.6),
        glow(x, y, (aspect * rng.uniform(0.25, 0.75), 0.32), 0.5) * 0.3,
    )
    corner = ((x / aspect - 0.5) ** 2 + (y - 0.5) ** 2) * 0.45
    canvas *= 1 - corner[..., None]
    return canvas


def gloss(
    colour: Array, nx: Array, ny: Array, nz: Array, floor: Array, shine: float = 1.0
) -> Array:
    """Colour of a glossy solid with the given normals: key light, bounce from the floor, rim
    and highlight.
    """
    facing = nx * LIGHT[0] + ny * LIGHT[1] + nz * LIGHT[2]
    key = smooth(-0.35, 1.0, facing)
    body = colour * (0.3 + 0.82 * key[..., None])
    add(body, floor, np.clip(ny, 0, 1) ** 2 * 0.34 * (1 - key))
    half_way = LIGHT + np.array([0, 0, 1], np.float32)
    half_way /= np.linalg.norm(half_way)
    spot = np.clip(nx * half_way[0] + ny * half_way[1] + nz * half_way[2], 0, 1)
    add(body, WHITE, (0.85 * spot**70 + 0.22 * spot**12) * shine)
    add(body, mix(colour, WHITE, 0.6), (1 - np.clip(nz, 0, 1)) ** 3 * 0.3 * key)
    return body


def shadow(
    canvas: Array,
    tone: Array,
    centre: tuple[float, float],
    wide: float,
    tall: float,
    strength: float = 0.55,
) -> None:
    """A soft oval shadow on the floor."""
    part, x, y = window(canvas, centre, max(wide, tall) * 2)
    reach = ((x - centre[0]) / wide) ** 2 + ((y - centre[1]) / tall) ** 2
    over(part, tone, np.exp(-(reach**1.3)) * strength)


def ball(
    canvas: Array,
    colour: Array,
    centre: tuple[float, float],
    radius: float,
    floor: Array,
    skin: Array | None = None,
    shine: float = 1.0,
) -> None:
    """A glossy sphere; `skin` is a repeating texture that mottles its colour."""
    part, x, y = window(canvas, centre, radius * 1.02)
    nx, ny = (x - centre[0]) / radius, (y - centre[1]) / radius
    reach = nx * nx + ny * ny
    nz = np.sqrt(np.clip(1 - reach, 0, 1))
    tint = np.broadcast_to(colour, (*reach.shape, 3))
    if skin is not None:
        tint = tint * (
            0.9 + 0.2 * lookup(skin, nx * 0.3 / (0.4 + nz), ny * 0.3 / (0.4 + nz))[..., None]
        )
    lit = gloss(tint, nx + 0 * ny, ny + 0 * nx, nz, floor, shine)
    over(part, lit, np.clip((1 - np.sqrt(reach)) * radius * canvas.shape[0] + 0.5, 0, 1))
