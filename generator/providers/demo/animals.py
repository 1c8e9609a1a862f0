"""The one place for animals: the cat (or dog, or person) before a huge moon."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.land import half, slope
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    Array,
    column,
    ink,
    mask,
    mix,
    rgb,
    ridge,
    to_image,
)
from generator.providers.demo.skies import WHITE, stars, sunlit
from generator.providers.demo.words import Wish

FOOT = 0.855
CAT = (
    (-0.02, 0.0),
    (-0.22, 0.0),
    (-0.26, -0.1),
    (-0.245, -0.26),
    (-0.19, -0.42),
    (-0.13, -0.52),
    (-0.125, -0.58),
    (-0.165, -0.65),
    (-0.17, -0.74),
    (-0.185, -0.9),
    (-0.09, -0.83),
    (0.0, -0.835),
    (0.085, -0.905),
    (0.085, -0.75),
    (0.085, -0.66),
    (0.045, -0.585),
    (0.06, -0.5),
    (0.075, -0.34),
    (0.085, -0.16),
    (0.12, -0.03),
    (0.1, 0.0),
)
DOG = (
    (-0.02, 0.0),
    (-0.24, 0.0),
    (-0.27, -0.12),
    (-0.24, -0.3),
    (-0.17, -0.45),
    (-0.13, -0.56),
    (-0.15, -0.66),
    (-0.2, -0.62),
    (-0.235, -0.72),
    (-0.18, -0.83),
    (-0.08, -0.875),
    (0.03, -0.86),
    (0.1, -0.8),
    (0.2, -0.765),
    (0.225, -0.71),
    (0.19, -0.67),
    (0.08, -0.655),
    (0.06, -0.5),
    (0.085, -0.34),
    (0.095, -0.16),
    (0.14, -0.03),
    (0.12, 0.0),
)

PERSON = (
    (-0.1, 0.0),
    (-0.1, -0.2),
    (-0.13, -0.32),
    (-0.15, -0.52),
    (-0.19, -0.5),
    (-0.2, -0.62),
    (-0.17, -0.76),
    (-0.06, -0.805),
    (-0.055, -0.845),
    (-0.085, -0.89),
    (-0.09, -0.96),
    (-0.04, -1.01),
    (0.04, -1.01),
    (0.09, -0.96),
    (0.085, -0.89),
    (0.055, -0.845),
    (0.06, -0.805),
    (0.17, -0.76),
    (0.2, -0.62),
    (0.19, -0.5),
    (0.15, -0.52),
    (0.13, -0.32),
    (0.1, -0.2),
    (0.1, 0.0),
    (0.02, 0.0),
    (0.0, -0.28),
    (-0.02, 0.0),
)
PEOPLE = (
    "person",
    "woman",
    "man",
    "girl",
    "boy",
    "portrait",
    "face",
    "lady",
    "child",
    "hero",
    "wizard",
    "knight",
)


def rounded(points: tuple[tuple[float, float], ...], times: int = 2) -> Array:
    """A polygon with its corners cut again and again, which makes it a smooth outline."""
    shape = np.array(points, np.float32)
    for _ in range(times):
        following = np.roll(shape, -1, axis=0)
        shape = np.stack(
            [shape * 0.75 + following * 0.25, shape * 0.25 + following * 0.75], axis=1
        ).reshape(-1, 2)
    return shape


def cat(wish: Wish, width: int, height: int) -> Image.Image:
    """A cat (a dog, a person) before a huge moon or sun, rim of light on its back."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height)
    aspect = width / height
    unit = min(1.0, aspect)
    middle = (aspect * rng.uniform(0.42, 0.58), rng.uniform(0.4, 0.48))
    sky = sunlit(rng, w, h, palette, 0.9, middle, unit * rng.uniform(0.26, 0.32), cloudy=0.5)
    image = to_image(sky.canvas, width, height)
    if palette.dark or palette.name == "dusk":
        image = stars(rng, image, 0.8, 1.2)
    ground = 0.84 + 0.02 * ridge(rng, 300, 3, 4)
    count = wish.count or 1
    dark = mix(palette.near, rgb("0a0812"), 0.45)
    kind = _kind(wish)
    tall = unit * (0.5 if kind == "person" else 0.56) * min(1.2, wish.size)
    shapes = _places(rng, min(count, 7), middle[0], aspect, tall)
    outline = rounded({"dog": DOG, "person": PERSON}.get(kind, CAT))
    tailed = kind != "person"
    body = mask(width, height, lambda pen, size: _sitting(pen, size, outline, shapes, tailed))
    rim = mix(palette.light, palette.accents[1], 0.3)
    image.paste(ink(rim), (round(-0.004 * height), round(-0.004 * height)), body)
    image.paste(column([mix(dark, palette.far, 0.12), dark], width, height), None, body)
    image.paste(
        column(
            [mix(palette.near, palette.far, 0.25), mix(palette.near, palette.far, 0.3), dark * 0.7],
            width,
            height,
        ),
        None,
        mask(width, height, lambda pen, size: slope(pen, size, ground, aspect)),
    )
    _grass(rng, image, dark, ground)
    if kind == "cat":
        _eyes(image, palette, shapes, wish)
    return image


def _kind(wish: Wish) -> str:
    """Who sits or stands there."""
    if wish.has("dog", "dogs", "puppy", "wolf"):
        return "dog"
    return "person" if wish.has(*PEOPLE) and not wish.has("cat", "kitten", "fox") else "cat"


def _places(
    rng: np.random.Generator, count: int, middle: float, aspect: float, tall: float
) -> list[tuple[float, float, float]]:
    """Where each stands, how tall it is, and which way it looks."""
    step = aspect * 0.8 / max(count, 2)
    return [
        (
            middle + (number - (count - 1) / 2) * step + rng.normal(0, 0.02),
            tall * (1.0 if count == 1 else rng.uniform(0.5, 0.75)),
            -1.0 if rng.random() < 0.5 else 1.0,
        )
        for number in range(count)
    ]


def _sitting(
    pen: ImageDraw.ImageDraw,
    unit: float,
    outline: Array,
    shapes: list[tuple[float, float, float]],
    tailed: bool,
) -> None:
    for x, tall, way in shapes:
        wide = tall * (1.0 if tailed else 0.82)
        points = outline * np.array([wide * way, tall], np.float32) + np.array(
            [x, FOOT], np.float32
        )
        pen.polygon([(float(a) * unit, float(b) * unit) for a, b in points], fill=255)
        if not tailed:
            continue
        turn = np.linspace(0.2, 3.6, 70)
        tail = np.stack(
            [
                x + way * tall * (-0.2 - 0.17 * np.sin(turn) - 0.02 * turn),
                FOOT + tall * (-0.03 - 0.085 * turn + 0.03 * np.cos(turn * 2)),
            ],
            axis=1,
        )
        for step, (px, py) in enumerate(tail * unit):
            r = unit * tall * 0.028 * (1 - step / 130)
            pen.ellipse([px - r, py - r, px + r, py + r], fill=255)


def _eyes(
    image: Image.Image, palette: Palette, shapes: list[tuple[float, float, float]], wish: Wish
) -> None:
    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for x, tall, way in shapes:
            for share in (-0.095, 0.015):
                cx, cy, r = (
                    (x + way * share * tall) * unit,
                    (FOOT - 0.735 * tall) * unit,
                    0.021 * tall * unit,
                )
                pen.ellipse([cx - r, cy - r * 0.8, cx + r, cy + r * 0.8], fill=255)
                pen.ellipse([cx - r * 0.28, cy - r * 0.7, cx + r * 0.28, cy + r * 0.7], fill=0)

    image.paste(ink(mix(palette.accents[1], palette.light, 0.4)), None, mask(*image.size, draw))


def _grass(rng: np.random.Generator, image: Image.Image, tone: Array, ground: Array) -> None:
    """Blades along the skyline of the ground."""
    width, height = image.size
    aspect = width / height

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for x in rng.uniform(0, aspect, int(260 * aspect)):
            y = float(ground[int(x / aspect * 299)]) + 0.01
            tall, lean = rng.uniform(0.015, 0.05), rng.normal(0, 0.012)
            pen.polygon(
                [
                    ((x - 0.0022) * unit, y * unit),
                    ((x + lean) * unit, (y - tall) * unit),
                    ((x + 0.0022) * unit, y * unit),
                ],
                fill=255,
            )

    image.paste(ink(mix(tone, WHITE, 0.04)), None, mask(width, height, draw))
