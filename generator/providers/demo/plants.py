"""The one place for plants: a cherry tree in blossom and a flower grown by the golden angle."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.land import half
from generator.providers.demo.raster import (
    Array,
    glow,
    grid,
    ink,
    mask,
    mix,
    over,
    rgb,
    ridge,
    to_image,
)
from generator.providers.demo.skies import WHITE, backdrop, clouds, stars
from generator.providers.demo.words import Wish

GOLDEN = np.pi * (3 - 5**0.5)
Branch = tuple[float, float, float, float, float, float]


def grown(
    rng: np.random.Generator, foot: tuple[float, float], angle: float, tall: float
) -> tuple[list[Branch], list[tuple[float, float]]]:
    """A tree: its branches (from, to, width at both ends) and the tips where blossoms sit.
    Units throughout.
    """
    branches: list[Branch] = []
    tips: list[tuple[float, float]] = []
    buds = [(foot[0], foot[1], angle, tall * 0.3, tall * 0.05, 0)]
    while buds:
        x, y, way, length, wide, level = buds.pop()
        for _ in range(4):
            nx, ny = x + np.cos(way) * length / 4, y - np.sin(way) * length / 4
            branches.append((x, y, nx, ny, wide, wide * 0.93))
            x, y, wide = nx, ny, wide * 0.93
            way += rng.normal(0, 0.13) + (np.pi / 2 - way) * 0.03
            if level > 2:
                tips.append((x, y))
        if level < 6:
            for side in (-1, 1):
                spread = rng.uniform(0.22, 0.62) * side
                buds.append(
                    (
                        x,
                        y,
                        way + spread,
                        length * rng.uniform(0.68, 0.86),
                        wide * rng.uniform(0.62, 0.78),
                        level + 1,
                    )
                )
    return branches, tips


def _drawn(branches: list[Branch], width: int, height: int) -> Image.Image:
    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for x, y, nx, ny, wide, thin in branches:
            pen.line(
                [x * unit, y * unit, nx * unit, ny * unit],
                fill=255,
                width=max(1, round((wide + thin) / 2 * unit)),
            )
            r = thin * unit / 2
            if r > 1:
                pen.ellipse([nx * unit - r, ny * unit - r, nx * unit + r, ny * unit + r], fill=255)

    return mask(width, height, draw)


def sakura(wish: Wish, width: int, height: int) -> Image.Image:
    """A cherry tree in blossom before a great sun and hills in mist."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height)
    aspect = width / height
    canvas = backdrop(w, h, palette, 0.8)
    x, y = grid(w, h)
    left = rng.random() < 0.5
    sun = (
        aspect * (rng.uniform(0.55, 0.75) if left else rng.uniform(0.25, 0.45)),
        rng.uniform(0.24, 0.36),
    )
    clouds(rng, canvas, palette, sun, 0.7, 0.35)
    radius = min(0.15, 0.2 * aspect) * wish.size
    disc_tone = palette.light if palette.dark else mix(rgb("f2604f"), palette.accents[0], 0.25)
    over(
        canvas,
        disc_tone,
        np.clip((radius - np.hypot(x - sun[0], y - sun[1])) * h + 0.5, 0, 1).astype(np.float32),
    )
    for layer in range(4):
        line = (0.66 + 0.09 * layer - 0.06 * ridge(rng, w, 2 + layer, 5, 0.42))[None, :]
        tone = mix(palette.far, mix(palette.near, palette.far, 0.6), layer / 4)
        fade = np.clip((y - line) / 0.16, 0, 1)
        over(
            canvas,
            mix(tone, palette.sky[-1], (fade * 0.9)[..., None]),
            np.clip((y - line) * h + 0.5, 0, 1) * 0.85,
        )
    image = to_image(canvas, width, height)
    if palette.dark:
        image = stars(rng, image, 0.6, 0.8)
    foot = (aspect * (rng.uniform(0.16, 0.34) if left else rng.uniform(0.66, 0.84)), 1.04)
    lean = np.pi / 2 + (-0.18 if left else 0.18)
    branches, tips = grown(rng, foot, lean, min(1.05, 0.75 + 0.3 * aspect) * min(wish.size, 1.15))
    bark = ink(mix(palette.near, rgb("2c1a20"), 0.5))
    _blossoms(rng, image, wish, tips, 0.35, 0.82)
    image.paste(bark, None, _drawn(branches, width, height))
    _blossoms(rng, image, wish, tips, 1.0, 1.0)
    return image


def _blossoms(
    rng: np.random.Generator,
    image: Image.Image,
    wish: Wish,
    tips: list[tuple[float, float]],
    share: float,
    light: float,
) -> None:
    """Petals in clusters about the tips, and some adrift in the wind."""
    width, height = image.size
    aspect = width / height
    pink = mix(rgb("f7a8c0"), wish.palette.accents[0], 0.3)
    tones = [mix(pink, WHITE, 0.15), mix(pink, WHITE, 0.6), mix(pink, rgb("d9547e"), 0.45)]
    spots = np.array(tips, np.float32)[rng.permutation(len(tips))[: int(900 * share)]]
    for tone in tones:
        flowers = np.repeat(spots, 2, axis=0) + rng.normal(0, 0.016, (len(spots) * 2, 2))
        loose = rng.uniform([0, 0.2], [aspect, 1.0], (25, 2))
        spread = np.concatenate([flowers, loose])
        shape = _dots(width, height, spread, rng.uniform(0.0026, 0.0068, len(spread)))
        image.paste(ink(np.clip(tone * light, 0, 1)), None, shape)


def _dots(width: int, height: int, spots: Array, sizes: Array) -> Image.Image:
    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for (x, y), r in zip(spots * unit, sizes * unit, strict=True):
            pen.ellipse([x - r, y - r * 0.8, x + r, y + r * 0.8], fill=255)

    return mask(width, height, draw)


def sunflower(wish: Wish, width: int, height: int) -> Image.Image:
    """Petals laid out by the golden angle, from seeds in the middle to long tongues at the rim."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.3)
    aspect = width / height
    unit = min(1.0, aspect)
    leafy = palette.name in {"gold", "teal", "forest", "noon"}
    ground = (
        mix(rgb("0f3f39"), palette.near, 0.15) if leafy else mix(palette.near, palette.sky[0], 0.4)
    )
    x, y = grid(w, h)
    centre = (aspect * rng.uniform(0.42, 0.58), rng.uniform(0.44, 0.56))
    backing = np.broadcast_to(ground, (h, w, 3)).astype(np.float32) * (
        0.55 + 0.75 * glow(x, y, centre, 0.45)[..., None]
    )
    image = to_image(backing.astype(np.float32), width, height).resize(
        (width * 2, height * 2), Image.Resampling.BILINEAR
    )
    pen = ImageDraw.Draw(image)
    rose = wish.has("rose", "roses", "lotus", "tulip", "peony", "dahlia", "pink")
    outer = (
        mix(rgb("ffe27a"), palette.accents[5], 0.3)
        if not rose
        else mix(palette.accents[5], palette.accents[3], 0.2)
    )
    middle, heart = (
        (rgb("f7b024"), rgb("7c2f12")) if not rose else (palette.accents[0], palette.accents[4])
    )
    if wish.palette.name not in {"gold", "teal", "forest", "noon", "sunset"} and not rose:
        middle, heart = palette.accents[0], palette.accents[4]
    count = int(rng.integers(560, 820))
    reach = 0.47 * unit * wish.size**0.5
    spin, sharp = rng.uniform(0, 6.28), rng.uniform(0.7, 1.25)
    for number in range(count, 6, -1):
        share = (number / count) ** 0.5
        _petal(
            pen,
            centre,
            number * GOLDEN + spin,
            share * reach * 0.86,
            reach * (0.034 + 0.14 * share**2.6),
            sharp * reach * (0.017 + 0.026 * share),
            _petal_tone(share, heart, middle, outer, rng),
            height * 2,
        )
    return image.reduce(2)


def _petal_tone(
    share: float, heart: Array, middle: Array, outer: Array, rng: np.random.Generator
) -> Array:
    tone = (
        mix(heart, middle, min(1.0, share * 1.7))
        if share < 0.6
        else mix(middle, outer, (share - 0.6) / 0.4)
    )
    return tone * rng.uniform(0.9, 1.06)


def _petal(
    pen: ImageDraw.ImageDraw,
    centre: tuple[float, float],
    angle: float,
    start: float,
    length: float,
    wide: float,
    tone: Array,
    unit: int,
) -> None:
    """One tongue-shaped petal from `start` outwards, with a darker rim and a vein."""
    cos, sin = np.cos(angle), np.sin(angle)
    outline = [
        (0.0, 0.0),
        (0.3, 0.8),
        (0.55, 0.9),
        (0.8, 0.55),
        (1.0, 0.0),
        (0.8, -0.55),
        (0.55, -0.9),
        (0.3, -0.8),
    ]
    points = []
    for along, side in outline:
        r, s = start + along * length, side * wide
        points.append(
            ((centre[0] + cos * r - sin * s) * unit, (centre[1] + sin * r + cos * s) * unit)
        )
    pen.polygon(points, fill=ink(tone), outline=ink(tone * 0.55), width=max(1, unit // 1400))
    pen.line(
        [points[0], ((points[0][0] + points[4][0] * 2) / 3, (points[0][1] + points[4][1] * 2) / 3)],
        fill=ink(tone * 0.8),
        width=max(1, unit // 1000),
    )
