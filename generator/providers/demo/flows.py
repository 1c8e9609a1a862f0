"""The one place for abstract flows: veined marble, strands of silk and the Julia fractal."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from generator.providers.demo.land import half
from generator.providers.demo.raster import (
    Array,
    add,
    grid,
    lookup,
    mix,
    over,
    ramp,
    resized,
    rgb,
    smooth,
    tile,
    to_image,
)
from generator.providers.demo.skies import WHITE
from generator.providers.demo.words import Wish

SPIRALS = (
    (-0.8, 0.156),
    (-0.4, 0.6),
    (0.285, 0.01),
    (-0.70176, -0.3842),
    (-0.835, -0.2321),
    (-0.7269, 0.1889),
    (0.355, 0.355),
    (-0.54, 0.54),
)


def marble(wish: Wish, width: int, height: int) -> Image.Image:
    """Poured colours folded into each other, with thin veins of gold."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    x, y = grid(w, h)
    first, second = tile(rng, 256, 3, 5, 0.42), tile(rng, 256, 3, 5, 0.45)
    zoom = 0.34 / wish.size
    px, py = x * zoom + 0 * y, y * zoom + 0 * x
    warp_x, warp_y = lookup(first, px, py), lookup(second, px + 0.4, py + 0.2)
    deep_x = lookup(second, px + warp_x * 0.42, py + warp_y * 0.42)
    field = lookup(first, px + 0.55 * deep_x, py + 0.5 * warp_y + 0.3 * deep_x)
    field = (field - field.min()) / (field.max() - field.min())
    cream = mix(palette.accents[5], WHITE, 0.3)
    pour = ramp(
        [
            palette.near,
            palette.accents[4],
            palette.accents[0],
            cream,
            mix(palette.accents[3], cream, 0.35),
            palette.accents[3],
            palette.accents[2],
            palette.near,
        ],
        field,
    )
    fold = np.clip((field - np.roll(field, 2, 0) + np.roll(field, 2, 1) - field) * 7, -0.08, 0.1)
    pour = pour * (1 + fold[..., None])
    gy, gx = np.gradient(deep_x)
    steep = np.sqrt(gx * gx + gy * gy) + 1e-5
    vein = np.clip(1.5 - np.abs(deep_x - 0.5) / steep, 0, 1) * smooth(0.42, 0.62, warp_y) + np.clip(
        1.2 - np.abs(field - 0.47) / (np.abs(np.gradient(field, axis=0)) + 2e-3), 0, 1
    ) * smooth(0.5, 0.66, warp_x)
    gold = mix(rgb("d9a733"), rgb("fff0b0"), lookup(first, px * 9, py * 9)[..., None])
    over(pour, gold, np.clip(vein, 0, 1) * 0.9)
    return to_image(pour.astype(np.float32), width, height)


def silk(wish: Wish, width: int, height: int) -> Image.Image:
    """Sheets of bright strands folded by one wind."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.5)
    x, y = grid(w, h)
    turn = rng.uniform(-0.7, 0.7)
    along, across = x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn)
    wind, threads = tile(rng, 256, 2, 3, 0.42), tile(rng, 256, 32, 3, 0.8)
    canvas = np.broadcast_to(mix(palette.near, rgb("07050f"), 0.82), (h, w, 3)).astype(np.float32)
    sheets = wish.count or int(rng.integers(5, 8))
    for number in range(sheets):
        shift = rng.uniform(0, 9)
        bend = lookup(wind, along[::4, ::4] * 0.34 + shift, across[::4, ::4] * 0.3 + shift * 1.7)
        lift = resized(bend - 0.5, w, h)
        fold = across + lift * rng.uniform(0.9, 1.5) - rng.uniform(-0.25, 0.95)
        _sheet(
            canvas,
            fold,
            lookup(threads, along * 0.012 + shift, fold * 0.8),
            palette.accents[number % 4],
            rng.uniform(0.1, 0.22),
        )
    image = to_image(np.asarray(canvas, dtype=np.float32), width, height)
    bloom = image.reduce(4).filter(ImageFilter.GaussianBlur(height / 4 / 50))
    return ImageChops.screen(image, bloom.resize(image.size, Image.Resampling.BILINEAR))


def _sheet(canvas: Array, fold: Array, thread: Array, tone: Array, wide: float) -> None:
    """One sheet of strands: dense along its edge, thinning out to one side."""
    steep = np.abs(np.gradient(fold, axis=0)) * fold.shape[0]
    dense = 1 / (0.22 + np.clip(steep, 0, 3))
    veil = np.where(fold > 0, np.exp(-fold / wide), np.exp(fold * 45))
    strand = smooth(0.3, 0.72, thread)
    light = veil * (0.1 + 0.9 * strand) * dense * 1.15
    add(canvas, tone, np.clip(light, 0, 1.2))
    add(
        canvas,
        mix(tone, WHITE, 0.55),
        np.clip((light - 0.55) * 0.8 + 0.55 * np.exp(-np.abs(fold) * 90) * dense * strand, 0, 1),
    )


def fractal(wish: Wish, width: int, height: int) -> Image.Image:
    """A Julia set: spirals within spirals, glowing at the rim."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.55)
    base = SPIRALS[int(rng.integers(0, len(SPIRALS)))]
    seed = complex(base[0] + rng.normal(0, 0.004), base[1] + rng.normal(0, 0.004))
    turn = np.exp(1j * rng.uniform(0, np.pi))
    reach = 2.7 / wish.size / min(1.0, w / h) ** 0.5
    x, y = grid(w, h)
    z = ((x - w / h / 2) + 1j * (y - 0.5)).astype(np.complex64) * np.complex64(reach * turn)
    count = _escape(z, seed, 90)
    share = np.clip(np.log1p(count) / np.log(91), 0, 1)
    ground = mix(palette.near, palette.sky[0], 0.5)
    colours = [
        ground * 0.7,
        ground,
        mix(ground, palette.accents[0], 0.4),
        palette.accents[0],
        palette.accents[1],
        mix(palette.light, WHITE, 0.2),
        palette.accents[3],
        mix(palette.accents[2], palette.near, 0.5),
        palette.near * 0.5,
    ]
    at = np.clip((share - 0.22) / 0.78, 0, 1) ** 0.95
    return to_image(ramp(colours, at), width, height)


def _escape(start: Array, seed: complex, limit: int) -> Array:
    """How many steps each point takes to run away, smoothed; points that have run are worked on
    no more.
    """
    count = np.full(start.size, limit, np.float32)
    index, z = np.arange(start.size), start.ravel()
    constant = np.complex64(seed)
    for step in range(limit):
        z = z * z + constant
        size = z.real**2 + z.imag**2
        gone = size > 64
        if step % 3 == 2 or step == limit - 1:
            gone = size > 64
            count[index[gone]] = step + 1 - np.log2(np.log(size[gone]) / np.log(64))
            index, z = index[~gone], z[~gone]
    return np.clip(count, 0, limit).reshape(start.shape)
