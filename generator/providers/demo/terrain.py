"""The one place for terrain: a height map seen from above the ground, drawn column by column
from near to far.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.providers.demo.raster import Array, lookup, smooth


@dataclass(frozen=True)
class View:
    """What each pixel shows: ground coordinates, distance, and where there is ground at all."""

    x: Array
    z: Array
    distance: Array
    ground: Array


def _marched(
    heights: Array,
    width: int,
    steps: int,
    scale: float,
    eye: float,
    lift: float,
    horizon: float,
    aspect: float,
    offset: tuple[float, float],
    near: float,
    far: float,
    rise: float,
) -> tuple[Array, Array]:
    """Distances of the steps, and the screen height of the ground at each step and column."""
    distance = near * (far / near) ** np.linspace(0, 1, steps, dtype=np.float32)[:, None]
    side = ((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5)[None, :] * aspect
    ground = lookup(heights, (side * distance + offset[0]) * scale, (distance + offset[1]) * scale)
    if rise:
        ground = ground * smooth(near, near + rise, distance)
    return distance, horizon + (eye - ground * lift) / distance


def view(
    heights: Array,
    width: int,
    height: int,
    *,
    horizon: float = 0.4,
    eye: float = 0.6,
    lift: float = 0.5,
    scale: float = 0.2,
    offset: tuple[float, float] = (0.0, 0.0),
    near: float = 0.6,
    far: float = 24.0,
    steps: int = 260,
    rise: float = 0.0,
) -> View:
    """Look over a repeating height map from `eye` above its floor.

    `lift` is how high its tops stand, `scale` repeats of the map in a unit of ground, `horizon`
    the share of the picture above the horizon; over the first `rise` units the ground climbs
    from the floor.
    """
    aspect = width / height
    distance, screen = _marched(
        heights, width, steps, scale, eye, lift, horizon, aspect, offset, near, far, rise
    )
    screen = np.clip(screen * height, 0, height - 1e-3)
    skyline = np.minimum.accumulate(screen, axis=0)
    step = _step_of_pixels(skyline, height)
    exact = _between(screen, skyline, step, height)
    z = near * (far / near) ** (exact / (steps - 1))
    side = ((np.arange(width, dtype=np.float32) + 0.5) / width - 0.5)[None, :] * aspect
    ground = (np.arange(height, dtype=np.float32)[:, None] + 0.5 - skyline[-1][None, :]).clip(0, 1)
    return View(
        side * z + offset[0], z + offset[1], z.astype(np.float32), ground.astype(np.float32)
    )


def _step_of_pixels(skyline: Array, height: int) -> Array:
    """For every pixel, the first step whose skyline has reached it (the last step where none
    has).
    """
    steps, width = skyline.shape
    first = np.full((height + 1, width), steps - 1, dtype=np.int32)
    rows = np.ceil(skyline - 0.5).astype(np.int32).clip(0, height)
    columns = np.broadcast_to(np.arange(width), rows.shape)
    np.minimum.at(first, (rows, columns), np.arange(steps, dtype=np.int32)[:, None])
    return np.minimum.accumulate(first, axis=0)[:height]


def _between(screen: Array, skyline: Array, step: Array, height: int) -> Array:
    """The step as a fraction, so that the ground shows no rows; never a place hidden by a crest."""
    columns = np.arange(skyline.shape[1])[None, :]
    pixel = np.arange(height, dtype=np.float32)[:, None] + 0.5
    upper = skyline[step, columns]
    before = np.maximum(step - 1, 0)
    lower = skyline[before, columns]
    share = np.clip((lower - pixel) / np.maximum(lower - upper, 1e-3), 0, 1)
    share = np.where(screen[before, columns] > lower + 0.5, 1, share)
    return np.asarray(before + share * (step > 0), dtype=np.float32)


def shaded(
    heights: Array,
    steep: float,
    sun: tuple[float, float, float],
    reach: int = 24,
    slope: float = 0.01,
) -> Array:
    """Sunlight on every point of a repeating map, 0..1: slope towards the sun and cast shadows.

    `sun` points at the sun (x, up, z); `slope` is how fast a shadow's edge sinks with each texel.
    """
    dx = (np.roll(heights, -1, 1) - np.roll(heights, 1, 1)) * steep
    dz = (np.roll(heights, -1, 0) - np.roll(heights, 1, 0)) * steep
    length = np.sqrt(dx * dx + dz * dz + 1)
    facing = (-dx * sun[0] + sun[1] - dz * sun[2]) / length / np.linalg.norm(sun)
    cast = heights.copy()
    flat = max(abs(sun[0]), abs(sun[2]), 1e-6)
    for distance in range(1, reach, 2):
        move = (-round(sun[2] / flat * distance), -round(sun[0] / flat * distance))
        np.maximum(cast, np.roll(heights, move, (0, 1)) - slope * distance, out=cast)
    shadow = np.clip(1 - (cast - heights) * 30, 0, 1)
    return np.asarray(np.clip(facing, 0, 1) * shadow, dtype=np.float32)
