"""The one place for raster primitives: grids, noise, gradients, glows, masks, and back to an image.

Arrays hold float32 numbers in 0..1, shaped (rows, columns) or (rows, columns, 3). Coordinates:
y runs 0..1 from the top, x runs 0..aspect from the left, so one unit is the picture's height.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Array = NDArray[Any]
Points = Sequence[tuple[float, float]]
SUPERSAMPLE = 2
_GRAIN = np.random.default_rng(7).integers(-1, 2, (512, 512, 1), dtype=np.int16)


def rgb(code: str) -> Array:
    """Six hex digits as an array of three numbers in 0..1."""
    return np.array([int(code[i : i + 2], 16) / 255 for i in (0, 2, 4)], dtype=np.float32)


def ink(colour: Array) -> tuple[int, int, int]:
    """A colour in 0..1 as the tuple Pillow draws with."""
    red, green, blue = (int(v) for v in np.clip(colour * 255 + 0.5, 0, 255))
    return red, green, blue


def mix(first: Array, second: Array, share: float | Array) -> Array:
    """`first` at share 0, `second` at share 1."""
    return np.asarray(first + (second - first) * share, dtype=np.float32)


def smooth(low: float, high: float, value: Array) -> Array:
    """Hermite step: 0 below `low`, 1 above `high` (or the other way round when low > high)."""
    t = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), dtype=np.float32)


def grid(width: int, height: int) -> tuple[Array, Array]:
    """Pixel centres as a row of x and a column of y; they broadcast to the whole picture."""
    x = (np.arange(width, dtype=np.float32) + 0.5) / height
    y = (np.arange(height, dtype=np.float32) + 0.5) / height
    return x[None, :], y[:, None]


def over(canvas: Array, colour: Array, alpha: Array) -> None:
    """Paint `colour` (one, or one a pixel) onto `canvas` in place, by an alpha of (rows,
    columns).
    """
    canvas += alpha[..., None] * (colour - canvas)


def add(canvas: Array, colour: Array, amount: Array) -> None:
    """Add light of `colour` onto `canvas` in place, by screen blending so that it never burns
    flat.
    """
    canvas += amount[..., None] * colour * (1 - np.clip(canvas, 0, 1) * 0.75)


def ramp(colours: Sequence[Array], at: Array) -> Array:
    """Colours spread evenly over 0..1, read at each value of `at`; adds one axis of three."""
    stops = np.linspace(0, 1, len(colours))
    table = np.stack(
        [np.interp(np.linspace(0, 1, 1024), stops, [c[i] for c in colours]) for i in range(3)],
        axis=1,
    ).astype(np.float32)
    return np.asarray(table[np.clip(at * 1023, 0, 1023).astype(np.int32)], dtype=np.float32)


def resized(field: Array, width: int, height: int) -> Array:
    """One channel brought to another size with bicubic interpolation."""
    image = Image.fromarray(np.ascontiguousarray(field, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BICUBIC), dtype=np.float32)


def noise(
    rng: np.random.Generator,
    width: int,
    height: int,
    cells: float = 4,
    octaves: int = 5,
    gain: float = 0.5,
    stretch: float = 1.0,
) -> Array:
    """Fractal value noise in about 0..1, `cells` bumps to the height; `stretch` above 1
    lengthens it sideways.
    """
    total = np.zeros((height, width), dtype=np.float32)
    weight, norm = 1.0, 0.0
    for _ in range(octaves):
        rows = min(height, int(cells) + 3)
        columns = min(width, max(2, int(cells * width / height / stretch)) + 3)
        total += weight * resized(rng.random((rows, columns), dtype=np.float32), width, height)
        norm += weight
        weight *= gain
        cells *= 2
    total /= norm
    return np.asarray(np.clip((total - 0.5) * 1.35 + 0.5, 0, 1), dtype=np.float32)


def tile(
    rng: np.random.Generator, size: int, cells: int = 4, octaves: int = 6, gain: float = 0.5
) -> Array:
    """Fractal noise that repeats without a seam, size x size, in about 0..1."""
    total = np.zeros((size, size), dtype=np.float32)
    weight, norm = 1.0, 0.0
    for _ in range(octaves):
        lattice = np.pad(rng.random((cells, cells), dtype=np.float32), 3, mode="wrap")
        margin = 3 * size // cells
        total += (
            weight
            * resized(lattice, size + 2 * margin, size + 2 * margin)[
                margin : margin + size, margin : margin + size
            ]
        )
        norm += weight
        weight *= gain
        cells = min(cells * 2, size // 2)
    return np.asarray(np.clip((total / norm - 0.5) * 1.5 + 0.5, 0, 1), dtype=np.float32)


def lookup(texture: Array, x: Array, y: Array) -> Array:
    """A repeating square texture read at any coordinates (1 = one repeat), with linear
    interpolation.
    """
    size = texture.shape[0]
    u, v = x * size, y * size
    column, row = np.floor(u), np.floor(v)
    fx, fy = u - column, v - row
    c0 = column.astype(np.int32) % size
    r0 = row.astype(np.int32) % size * size
    c1, r1 = (c0 + 1) % size, (r0 + size) % (size * size)
    flat = texture.ravel()
    top = flat[r0 + c0] * (1 - fx) + flat[r0 + c1] * fx
    low = flat[r1 + c0] * (1 - fx) + flat[r1 + c1] * fx
    return np.asarray(top + (low - top) * fy, dtype=np.float32)


def ridge(
    rng: np.random.Generator, count: int, bumps: float, octaves: int = 6, rough: float = 0.5
) -> Array:
    """A skyline of `count` heights in about -1..1 with `bumps` hills across it."""
    at = np.linspace(0, 1, count, dtype=np.float32)
    total, weight = np.zeros(count, dtype=np.float32), 1.0
    for octave in range(octaves):
        knots = rng.uniform(-1, 1, int(bumps) + 4)
        place = at * bumps + 1 + rng.random()
        whole = np.clip(place.astype(np.int32), 0, len(knots) - 2)
        part = place - whole
        part = part * part * (3 - 2 * part) if octave < 2 else part
        total += weight * (knots[whole] * (1 - part) + knots[whole + 1] * part)
        weight *= rough
        bumps *= 2
    return np.asarray(total, dtype=np.float32)


def glow(x: Array, y: Array, centre: tuple[float, float], radius: float) -> Array:
    """Soft light that falls off with distance, 1 in the middle."""
    distance = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
    return np.asarray(1 / (1 + distance / (radius * radius)) ** 1.5, dtype=np.float32)


def disc(x: Array, y: Array, centre: tuple[float, float], radius: float, edge: float) -> Array:
    """A filled circle whose rim is `edge` wide, as alpha."""
    distance = np.sqrt((x - centre[0]) ** 2 + (y - centre[1]) ** 2)
    return np.asarray(np.clip((radius - distance) / edge + 0.5, 0, 1), dtype=np.float32)


def box_of(
    centre: tuple[float, float], reach: float, width: int, height: int
) -> tuple[slice, slice]:
    """The rows and columns of a canvas that lie within `reach` of a point."""
    left, right = ((centre[0] + side * reach) * height for side in (-1, 1))
    top, low = ((centre[1] + side * reach) * height for side in (-1, 1))
    return (
        slice(min(max(0, int(top)), height - 1), max(1, min(height, int(low) + 1))),
        slice(min(max(0, int(left)), width - 1), max(1, min(width, int(right) + 1))),
    )


def window(canvas: Array, centre: tuple[float, float], reach: float) -> tuple[Array, Array, Array]:
    """The part of a canvas within `reach` of a point (a view of it), with its x row and y
    column.
    """
    height, width = canvas.shape[:2]
    rows, columns = box_of(centre, reach, width, height)
    x, y = grid(width, height)
    return canvas[rows, columns], x[:, columns], y[rows]


def mask(
    width: int, height: int, draw: Callable[[ImageDraw.ImageDraw, float], None]
) -> Image.Image:
    """An antialiased "L" mask; `draw` gets a pen and how many of its pixels make one unit (the
    height).
    """
    sheet = Image.new("L", (width * SUPERSAMPLE, height * SUPERSAMPLE))
    draw(ImageDraw.Draw(sheet), float(height * SUPERSAMPLE))
    return sheet.reduce(SUPERSAMPLE)


def filled(width: int, height: int, points: Points) -> Image.Image:
    """A mask of one polygon, its corners in units."""
    return mask(width, height, lambda pen, unit: pen.polygon(scaled(points, unit), fill=255))


def scaled(points: Points, unit: float) -> list[tuple[float, float]]:
    """Points in units as points in pixels."""
    return [(px * unit, py * unit) for px, py in points]


def to_image(canvas: Array, width: int, height: int) -> Image.Image:
    """A canvas of any size as an RGB image of exactly width x height."""
    pixels = np.clip(canvas * 255 + 0.5, 0, 255).astype(np.uint8)
    image = Image.fromarray(pixels)
    return (
        image
        if image.size == (width, height)
        else image.resize((width, height), Image.Resampling.BICUBIC)
    )


def from_image(image: Image.Image) -> Array:
    """An RGB image as a canvas."""
    return np.asarray(image, dtype=np.float32) / 255


def column(colours: Sequence[Array], width: int, height: int) -> Image.Image:
    """A vertical gradient as an RGB image."""
    strip = ramp(colours, np.linspace(0, 1, height, dtype=np.float32)[:, None])
    return to_image(strip, 1, height).resize((width, height))


def grained(image: Image.Image) -> Image.Image:
    """The image with one level of noise, which hides the steps of smooth gradients."""
    pixels = np.asarray(image).astype(np.int16)
    rows, columns = -(-image.height // 512), -(-image.width // 512)
    pixels += np.tile(_GRAIN, (rows, columns, 1))[: image.height, : image.width]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
