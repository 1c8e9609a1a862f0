"""The one place for the village: small houses, trees and a river on a slab of land, seen from
above a corner.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.land import half
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import Array, add, glow, grid, ink, mix, ramp, rgb, to_image
from generator.providers.demo.skies import WHITE, stars
from generator.providers.demo.words import Wish

Corner = tuple[float, float, float]


class Board:
    """A drawing in three dimensions: x runs right-down, y left-down, z up."""

    def __init__(
        self, image: Image.Image, middle: tuple[float, float], scale: float, dim: float
    ) -> None:
        self.pen = ImageDraw.Draw(image)
        self.middle, self.scale, self.dim = middle, scale, dim

    def at(self, corner: Corner) -> tuple[float, float]:
        """Where a point of the land lies on the sheet, in pixels."""
        x, y, z = corner
        return self.middle[0] + (x - y) * 0.866 * self.scale, self.middle[1] + (
            (x + y) * 0.5 - z
        ) * self.scale

    def face(self, corners: list[Corner], tone: Array, lit: bool = False) -> None:
        """One flat face; what is lit from within does not go dark at night."""
        self.pen.polygon([self.at(c) for c in corners], fill=ink(tone if lit else tone * self.dim))

    def block(
        self, x: float, y: float, wide: float, deep: float, low: float, high: float, tone: Array
    ) -> None:
        """A box: its two visible walls and its top."""
        self.face(
            [
                (x, y + deep, low),
                (x + wide, y + deep, low),
                (x + wide, y + deep, high),
                (x, y + deep, high),
            ],
            tone,
        )
        self.face(
            [
                (x + wide, y, low),
                (x + wide, y + deep, low),
                (x + wide, y + deep, high),
                (x + wide, y, high),
            ],
            tone * 0.74,
        )
        self.face(
            [(x, y, high), (x + wide, y, high), (x + wide, y + deep, high), (x, y + deep, high)],
            tone * 1.08,
        )


def village(wish: Wish, width: int, height: int) -> Image.Image:
    """The whole slab on a plain sky, lit windows after dark."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.3)
    aspect = width / height
    x, y = grid(w, h)
    sky = ramp([palette.sky[0], palette.sky[1], palette.sky[2]], np.repeat(y, w, axis=1))
    add(sky, palette.sky[3], glow(x, y, (aspect / 2, 0.55), 0.4) * 0.45)
    image = to_image(sky, width, height)
    dark = palette.dark or palette.name == "dusk"
    if dark:
        image = stars(rng, image, 0.9, 0.7)
    image = image.resize((width * 2, height * 2), Image.Resampling.BILINEAR)
    size = 12 if wish.size >= 1 else 16
    scale = min(width * 2 / (size * 1.87), height * 2 / (size * 1.22)) * (
        1.22 if width < height * 1.3 else 1.0
    )
    board = Board(
        image, (width, height - size * 0.5 * scale + scale * 0.2), scale, 0.8 if dark else 1.0
    )
    _land(rng, board, wish, size, dark)
    return image.reduce(2)


def _land(rng: np.random.Generator, board: Board, wish: Wish, size: int, dark: bool) -> None:
    palette = wish.palette
    snow = wish.has("snow", "snowy", "winter")
    grass = WHITE * 0.93 if snow else mix(rgb("69a556"), palette.far, 0.2)
    board.block(0, 0, size, size, -1.1, -0.45, mix(palette.near, palette.far, 0.35))
    board.block(0, 0, size, size, -0.45, 0, mix(grass, rgb("7a5a3c"), 0.55))
    board.face([(0, 0, 0), (size, 0, 0), (size, size, 0), (0, size, 0)], grass)
    course = _river(rng, board, palette, size)
    kinds = rng.random((size, size))
    towers = int(wish.has("castle", "church", "kingdom", "temple")) * 2
    for spot in sorted(np.ndindex(size, size), key=sum):
        i, j = spot
        if abs(course[i] - j - 0.5) < 1.05:
            continue
        if kinds[i, j] < (0.52 if wish.count is None else min(0.9, wish.count / 20)):
            storeys = 1 + int(rng.random() < 0.3) + (3 if towers and rng.random() < 0.05 else 0)
            _house(
                rng,
                board,
                palette,
                i + rng.uniform(0.06, 0.2),
                j + rng.uniform(0.06, 0.2),
                storeys,
                dark,
                snow,
            )
        elif kinds[i, j] < 0.86:
            for _ in range(int(rng.integers(1, 4))):
                _tree(
                    rng,
                    board,
                    palette,
                    i + rng.uniform(0.15, 0.85),
                    j + rng.uniform(0.15, 0.85),
                    snow,
                )


def _river(rng: np.random.Generator, board: Board, palette: Palette, size: int) -> Array:
    """Paint a river across the slab and return its middle (y) at each column."""
    knots = np.cumsum(rng.normal(0, 1.0, 6)) + size * rng.uniform(0.3, 0.7)
    fine = np.clip(np.interp(np.linspace(0, 5, size * 4 + 1), np.arange(6), knots), 1.2, size - 1.2)
    fine = np.convolve(np.pad(fine, 4, mode="edge"), np.ones(9) / 9, mode="valid")
    xs = np.linspace(0, size, size * 4 + 1)
    water, bank = mix(rgb("3f93c4"), palette.sky[1], 0.35), mix(rgb("d9c79a"), palette.far, 0.25)
    for wide, tone in ((0.62, bank), (0.5, water)):
        board.face(
            [
                *((x, y - wide, 0) for x, y in zip(xs, fine, strict=True)),
                *((x, y + wide, 0) for x, y in zip(xs[::-1], fine[::-1], strict=True)),
            ],
            tone,
        )
    for _ in range(26):
        k = int(rng.integers(2, size * 4 - 2))
        y = fine[k] + rng.uniform(-0.35, 0.35)
        board.face(
            [
                (xs[k], y, 0),
                (xs[k] + 0.35, y, 0),
                (xs[k] + 0.35, y + 0.03, 0),
                (xs[k], y + 0.03, 0),
            ],
            mix(water, WHITE, 0.45),
        )
    return np.asarray(fine[2::4], dtype=np.float32)


def _house(
    rng: np.random.Generator,
    board: Board,
    palette: Palette,
    x: float,
    y: float,
    storeys: int,
    dark: bool,
    snow: bool,
) -> None:
    """Walls, windows, a gabled roof and sometimes a chimney."""
    wide, deep = rng.uniform(0.55, 0.75), rng.uniform(0.5, 0.7)
    high = 0.5 + 0.42 * (storeys - 1) + rng.uniform(0, 0.12)
    walls = [
        *map(rgb, ("f6e3c0", "f2c7a5", "e8d9ee", "f3ede0")),
        mix(rgb("f3ede0"), palette.accents[1], 0.35),
    ]
    roofs = [rgb("b5432f"), rgb("c9742e"), mix(rgb("2e4a8f"), palette.accents[2], 0.4)]
    roofs.append(mix(rgb("7a2f52"), palette.accents[3], 0.3))
    wall, roof = walls[int(rng.integers(0, 5))], roofs[int(rng.integers(0, 4))]
    front = y + deep
    cast = [
        (x - 0.05, front, 0.0),
        (x + wide, front, 0.0),
        (x + wide + 0.3, front + 0.25, 0.0),
        (x + 0.1, front + 0.25, 0.0),
    ]
    board.face(cast, rgb("34502f"))
    board.block(x, y, wide, deep, 0, high, wall)
    _panes(rng, board, x, y, wide, deep, storeys, dark)
    gable = [(x, front, high), (x + wide, front, high), (x + wide / 2, front, high + 0.34)]
    board.face(gable, wall * 0.97)
    _roof(board, (x, y, high), wide, deep, WHITE * 0.96 if snow else roof)
    if rng.random() < 0.4:
        board.block(x + wide * 0.68, y + deep * 0.3, 0.1, 0.1, high, high + 0.44, rgb("8a5a4a"))


def _roof(board: Board, corner: Corner, wide: float, deep: float, tone: Array) -> None:
    """Two slopes from a ridge, reaching a little beyond the walls."""
    x, y, high = corner
    back, front, low, top = y - 0.06, y + deep + 0.06, high - 0.04, high + 0.34
    middle = x + wide / 2
    for edge, light in ((x - 0.06, 1.06), (x + wide + 0.06, 0.8)):
        board.face(
            [(edge, back, low), (edge, front, low), (middle, front, top), (middle, back, top)],
            tone * light,
        )


def _panes(
    rng: np.random.Generator,
    board: Board,
    x: float,
    y: float,
    wide: float,
    deep: float,
    storeys: int,
    dark: bool,
) -> None:
    for storey in range(storeys):
        low = 0.17 + 0.42 * storey
        for share in (0.18, 0.6):
            glowing = rng.random() < (0.7 if dark else 0.1)
            tone = rgb("ffd97a") if glowing else rgb("4a5a78")
            a, b = x + wide * share, x + wide * (share + 0.22)
            board.face(
                [
                    (a, y + deep, low),
                    (b, y + deep, low),
                    (b, y + deep, low + 0.2),
                    (a, y + deep, low + 0.2),
                ],
                tone,
                glowing,
            )
            a, b = y + deep * share, y + deep * (share + 0.22)
            board.face(
                [
                    (x + wide, a, low),
                    (x + wide, b, low),
                    (x + wide, b, low + 0.2),
                    (x + wide, a, low + 0.2),
                ],
                tone * 0.9,
                glowing,
            )


def _tree(
    rng: np.random.Generator, board: Board, palette: Palette, x: float, y: float, snow: bool
) -> None:
    """A cone of three tiers, lit from the left."""
    tone = mix(rgb("2f7d55"), palette.near, 0.15) * rng.uniform(0.85, 1.15)
    if snow:
        tone = mix(tone, WHITE, 0.45)
    tall = rng.uniform(0.4, 0.75)
    for tier in range(3):
        low, top, reach = (
            tall * (0.15 + 0.25 * tier),
            tall * (0.55 + 0.25 * tier),
            0.15 * (1 - 0.25 * tier),
        )
        board.face(
            [
                (x - reach, y + reach, low),
                (x, y, top),
                (x + reach * 0.2, y + reach * 0.2, low - 0.03),
            ],
            tone,
        )
        board.face(
            [
                (x + reach, y - reach, low),
                (x, y, top),
                (x + reach * 0.2, y + reach * 0.2, low - 0.03),
            ],
            tone * 0.72,
        )
