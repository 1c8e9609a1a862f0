"""The one place for flat patterns: modern tiles, Japanese waves, stained glass and the contour
map.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.land import half
from generator.providers.demo.raster import (
    Array,
    glow,
    grid,
    ink,
    mix,
    noise,
    over,
    ramp,
    resized,
    rgb,
    smooth,
    to_image,
)
from generator.providers.demo.skies import WHITE
from generator.providers.demo.words import Wish

BLACK = rgb("1c1b19")


def tiles(wish: Wish, width: int, height: int) -> Image.Image:
    """A quilt of quarter circles, dots, stripes and triangles."""
    rng = wish.rng("layout")
    across = (
        max(3, round((wish.count or int(rng.integers(4, 7))) * width / height / wish.size))
        if width > height
        else max(3, round((wish.count or int(rng.integers(4, 7))) / wish.size))
    )
    side = width * 2 / across
    image = Image.new("RGB", (width * 2, height * 2))
    pen = ImageDraw.Draw(image)
    colours = [
        *map(ink, wish.palette.accents),
        ink(BLACK),
        ink(mix(wish.palette.accents[-1], WHITE, 0.4)),
    ]
    for row in range(int(height * 2 / side) + 1):
        for column in range(across):
            picks = rng.permutation(len(colours))[:3]
            _tile(rng, pen, (column * side, row * side), side, [colours[i] for i in picks])
    return _papered(rng, image.reduce(2))


def _tile(
    rng: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    side: float,
    tones: list[tuple[int, int, int]],
) -> None:
    """One square of the quilt: one of eight figures, turned by quarters."""
    (x, y), kind, turn = at, int(rng.integers(0, 8)), int(rng.integers(0, 4))
    ground, first, second = tones

    def box(left: float, top: float, right: float, low: float) -> list[float]:
        return [x + left * side, y + top * side, x + right * side, y + low * side]

    corner = ((0, 0), (1, 0), (1, 1), (0, 1))
    cx, cy = corner[turn]
    pen.rectangle(box(0, 0, 1, 1), fill=ground)
    if kind in (0, 1):
        for share, tone in ((1.0, first), (0.66, second), (0.33, ground))[: 1 + 2 * kind]:
            round_box = box(cx - share, cy - share, cx + share, cy + share)
            pen.pieslice(round_box, 90 * turn, 90 * turn + 90, fill=tone)
    elif kind == 2:
        pen.ellipse(box(0.14, 0.14, 0.86, 0.86), fill=first)
    elif kind == 3:
        trio = [corner[(turn + step) % 4] for step in range(3)]
        pen.polygon([(x + a * side, y + b * side) for a, b in trio], fill=first)
    elif kind == 4:
        for band in (0, 1 / 3, 2 / 3):
            end = band + 1 / 6
            pen.rectangle(box(0, band, 1, end) if turn % 2 else box(band, 0, end, 1), fill=first)
    elif kind == 5:
        low = turn % 2
        pen.pieslice(box(0, low - 0.5, 1, low + 0.5), 180 * low, 180 * low + 180, fill=first)
    elif kind == 6:
        pen.pieslice(box(-1, 0, 1, 2), 270, 360, fill=first)
        pen.pieslice(box(0, -1, 2, 1), 90, 180, fill=second)
    else:
        pen.ellipse(box(0.1, 0.1, 0.9, 0.9), fill=first)
        pen.ellipse(box(0.32, 0.32, 0.68, 0.68), fill=second)


def _papered(rng: np.random.Generator, image: Image.Image) -> Image.Image:
    """The faint fibre of printed paper."""
    w, h = half(*image.size, 0.5)
    fibre = Image.fromarray((236 + 19 * noise(rng, w, h, 90, 2)).astype(np.uint8)).resize(
        image.size
    )
    from PIL import ImageChops

    return ImageChops.multiply(image, Image.merge("RGB", (fibre, fibre, fibre)))


def waves(wish: Wish, width: int, height: int) -> Image.Image:
    """Overlapping fans of rings, a few of them golden."""
    rng = wish.rng("layout")
    palette = wish.palette
    radius = 2 * min(width, height) / (wish.count or int(rng.integers(6, 11))) / 1.6 * wish.size
    ground = (
        mix(palette.accents[5], WHITE, 0.25)
        if not palette.dark
        else mix(palette.accents[5], palette.near, 0.05)
    )
    deep = mix(palette.accents[2], palette.near, 0.2)
    blues = [deep * 0.72, deep, mix(deep, palette.accents[0], 0.35), mix(deep, ground, 0.3)]
    gold, tide = mix(rgb("e9bd3c"), palette.accents[1], 0.5), noise(rng, 64, 64, 3, 3)
    image = Image.new("RGB", (width * 2, height * 2), ink(ground))
    pen = ImageDraw.Draw(image)
    rings = int(rng.integers(3, 6))
    for row in range(-1, int(height * 2 / (radius * 0.5)) + 4):
        for column in range(-1, int(width * 2 / (radius * 2)) + 2):
            x, y = (column * 2 + row % 2) * radius, row * radius * 0.5
            spot = tide[
                min(63, max(0, int(y / height / 2 * 63))), min(63, max(0, int(x / width / 2 * 63)))
            ]
            tone = (
                gold
                if rng.random() < 0.06
                else blues[int(np.clip((spot - 0.3) * 2.4 + rng.normal(0, 0.12), 0, 0.99) * 4)]
            )
            for ring in range(rings):
                reach = radius * (1 - ring / rings)
                pen.ellipse([x - reach, y - reach, x + reach, y + reach], fill=ink(ground))
                inner = reach - radius * 0.035
                pen.ellipse([x - inner, y - inner, x + inner, y + inner], fill=ink(tone))
                hole = reach - radius * 0.62 / rings
                pen.ellipse([x - hole, y - hole, x + hole, y + hole], fill=ink(ground))
    return _papered(rng, image.reduce(2))


def stained(wish: Wish, width: int, height: int) -> Image.Image:
    """Panes of coloured glass in lead, brightest round the sun."""
    rng = wish.rng("layout")
    palette = wish.palette
    k = 0.6
    w, h = half(width, height, k)
    aspect = width / height
    count = int((wish.count * 25 if wish.count else rng.uniform(130, 260)) / wish.size)
    sun = np.array([aspect * rng.uniform(0.35, 0.65), rng.uniform(0.45, 0.68)])
    seeds = _scattered(rng, count, aspect)
    count = len(seeds)
    first, second, nearest = _cells(seeds, w, h)
    reach = np.hypot(seeds[:, 0] - sun[0], (seeds[:, 1] - sun[1]) * 1.15) + rng.normal(
        0, 0.03, count
    )
    colours = ramp(
        [
            mix(palette.light, WHITE, 0.2),
            palette.accents[1],
            palette.accents[0],
            palette.accents[3],
            palette.accents[2],
            palette.accents[4],
        ],
        np.clip(reach / 0.72, 0, 1).astype(np.float32),
    )
    low = seeds[:, 1] > 0.74 + rng.normal(0, 0.02, count)
    colours[low] = ramp(
        [rgb("3fb58d"), rgb("128a94"), palette.accents[4]],
        np.clip(reach[low] / 0.8, 0, 1).astype(np.float32),
    )
    colours *= rng.uniform(0.86, 1.12, (count, 1)).astype(np.float32)
    x, y = grid(w, h)
    glass = colours[nearest] * (0.78 + 0.4 * noise(rng, w, h, 26, 4, 0.6)[..., None])
    edge = np.clip((second - first) / 0.05, 0, 1)
    glass = (
        glass * (0.72 + 0.36 * edge[..., None])
        + palette.light * (glow(x, y, (sun[0], sun[1]), 0.2) * 0.28)[..., None]
    )
    lead = smooth(0.0065, 0.0035, (second - first) * 0.5)
    over(glass, np.broadcast_to(rgb("0b0a0f"), glass.shape), lead)
    return to_image(glass.astype(np.float32), width, height)


def _scattered(rng: np.random.Generator, count: int, aspect: float) -> Array:
    """About `count` points, spread evenly but not in rows."""
    pitch = (aspect / count) ** 0.5
    gx, gy = np.meshgrid(np.arange(-1.0, aspect / pitch + 2), np.arange(-1.0, 1 / pitch + 2))
    gx = gx + 0.5 * (gy % 2) + rng.uniform(-0.38, 0.38, gx.shape)
    gy = gy + rng.uniform(-0.38, 0.38, gy.shape)
    return np.stack([gx.ravel(), gy.ravel()], axis=1).astype(np.float32) * np.float32(pitch)


def _cells(seeds: Array, width: int, height: int) -> tuple[Array, Array, Array]:
    """For each pixel: distance to the nearest seed and to the next one, and which seed is
    nearest.
    """
    k = 4
    small_w, small_h = width // k + 1, height // k + 1
    x, y = grid(small_w, small_h)
    flat: Array = ((x[..., None] - seeds[:, 0]) ** 2 + (y[..., None] - seeds[:, 1]) ** 2).astype(
        np.float32
    )
    near: Array = np.argpartition(flat, 6, axis=2)[..., :6]
    near = near.repeat(k, axis=0).repeat(k, axis=1)[:height, :width]
    x, y = grid(width, height)
    reach = np.sqrt(
        (x[..., None] - seeds[near, 0].astype(np.float32)) ** 2
        + (y[..., None] - seeds[near, 1].astype(np.float32)) ** 2
    )
    order = np.argmin(reach, axis=2)
    nearest = np.take_along_axis(near, order[..., None], axis=2)[..., 0]
    first = np.take_along_axis(reach, order[..., None], axis=2)[..., 0]
    np.put_along_axis(reach, order[..., None], 9.0, axis=2)
    return first, reach.min(axis=2), nearest


def contour(wish: Wish, width: int, height: int) -> Image.Image:
    """A framed map: heights in bands of colour, a fine line round each."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.75)
    soft = noise(rng, w // 2, h // 2, 1.7 / wish.size, 5, 0.42)
    land = resized(soft, w, h)
    land = (land - land.min()) / (land.max() - land.min())
    levels = wish.count * 2 if wish.count else int(rng.integers(14, 24))
    step = land * levels
    band, part = np.floor(step), step - np.floor(step)
    paper = mix(palette.accents[5], WHITE, 0.35)
    colours = [
        palette.near,
        palette.accents[4],
        palette.accents[0],
        mix(palette.accents[3], paper, 0.3),
        paper,
        palette.accents[1],
        palette.accents[2],
    ]
    tone = ramp(colours, np.clip((band + 0.3 * part) / levels, 0, 1))
    gy, gx = np.gradient(step)
    steep = np.sqrt(gx * gx + gy * gy) + 1e-4
    tone = tone * (1 + np.clip((gx + gy) * 1.2, -0.1, 0.12))[..., None]
    line = np.clip(1.25 - np.minimum(part, 1 - part) / steep, 0, 1)
    major = (np.round(step) % 5 == 0) * 1.0
    over(tone, mix(paper, WHITE, 0.5), line * (0.25 + 0.65 * major))
    shade = np.clip(1 - part / steep / 5, 0, 1) * 0.16
    tone = tone * (1 - shade[..., None])
    return _framed(tone.astype(np.float32), paper, width, height)


def _framed(canvas: Array, paper: Array, width: int, height: int) -> Image.Image:
    margin = round(min(width, height) * 0.045)
    sheet = Image.new("RGB", (width, height), ink(paper))
    inner = to_image(canvas, width, height).crop((margin, margin, width - margin, height - margin))
    sheet.paste(inner, (margin, margin))
    return sheet
