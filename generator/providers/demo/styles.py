"""The one place for finishes that go over a whole picture: natural, realistic, artistic, anime,
and the edits' styles.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageEnhance, ImageFilter, ImageOps

from generator.providers.demo.land import half
from generator.providers.demo.raster import Array, grid, mix, noise, smooth
from generator.providers.demo.words import Wish

Dice = np.random.Generator


def finished(image: Image.Image, wish: Wish) -> Image.Image:
    """The picture in the wish's style; the composition stays the same in all of them."""
    return FINISHES[wish.style](wish.rng("style"), image)


def curve(points: list[tuple[int, int]]) -> list[int]:
    """A table of 256 levels through the given (in, out) points."""
    levels = np.interp(np.arange(256), [p[0] for p in points], [p[1] for p in points])
    return [round(float(level)) for level in levels]


def vignette(image: Image.Image, strength: float) -> Image.Image:
    """Darker corners."""
    w, h = half(*image.size, 0.125)
    x, y = grid(w, h)
    reach = ((x / (w / h) - 0.5) ** 2 + (y - 0.5) ** 2) * 2
    shade = np.clip(255 * (1 - strength * reach**1.4), 0, 255).astype(np.uint8)
    veil = Image.fromarray(shade).resize(image.size, Image.Resampling.BICUBIC)
    return ImageChops.multiply(image, Image.merge("RGB", (veil, veil, veil)))


def bloom(image: Image.Image, strength: float) -> Image.Image:
    """Bright parts that spill light around them."""
    small = image.reduce(8).point(curve([(0, 0), (150, 0), (255, 255)]) * 3)
    halo = small.filter(ImageFilter.GaussianBlur(max(1.0, image.height / 8 / 40))).resize(
        image.size, Image.Resampling.BILINEAR
    )
    return ImageChops.screen(image, halo.point([round(v * strength) for v in range(256)] * 3))


def _natural(rng: Dice, image: Image.Image) -> Image.Image:
    return vignette(image, 0.22)


def _none(rng: Dice, image: Image.Image) -> Image.Image:
    return image.point(curve([(0, 14), (128, 134), (255, 255)]) * 3)


def realistic(rng: Dice, image: Image.Image) -> Image.Image:
    """Film: firmer contrast, cool shadows and warm lights, bloom, corners, grain."""
    red = curve([(0, 0), (64, 46), (190, 206), (255, 255)])
    blue = curve([(0, 10), (64, 58), (190, 188), (255, 246)])
    green = curve([(0, 2), (64, 50), (190, 198), (255, 252)])
    image = vignette(bloom(image.point(red + green + blue), 0.35), 0.42)
    w, h = image.size
    film = Image.fromarray(
        (128 + rng.normal(0, 4, (max(1, h // 2), max(1, w // 2)))).clip(0, 255).astype(np.uint8)
    ).resize(image.size)
    return ImageChops.overlay(image, Image.merge("RGB", (film, film, film)))


def strokes(rng: Dice, size: tuple[int, int], cells: float, length: float) -> Array:
    """A field of brush strokes, -1..1, at the given size."""
    w, h = size
    across, down = (
        noise(rng, w, h, cells, 2, 0.6, stretch=length),
        noise(rng, h, w, cells * w / h, 2, 0.6, stretch=length).T,
    )
    where = noise(rng, w, h, 2.2, 2)
    return np.asarray((mix(down, across, smooth(0.42, 0.58, where)) - 0.5) * 2, dtype=np.float32)


def oil(rng: Dice, image: Image.Image) -> Image.Image:
    """Oil paint: colour dragged along brush strokes, ridges of paint that catch the light."""
    width, height = image.size
    w, h = half(width, height, 0.5)
    small = ImageEnhance.Color(image.resize((w, h), Image.Resampling.BOX)).enhance(1.25)
    first, second = strokes(rng, (w, h), 84, 3.6), strokes(rng, (w, h), 76, 3.6)
    reach = h / 150
    rows = np.clip(np.arange(h)[:, None] + first * reach, 0, h - 1).astype(np.int32)
    columns = np.clip(np.arange(w)[None, :] + second * reach, 0, w - 1).astype(np.int32)
    dragged = Image.fromarray(np.asarray(small)[rows, columns]).filter(ImageFilter.MedianFilter(3))
    ridges = np.clip(128 + np.gradient(first, axis=0) * 95, 0, 255).astype(np.uint8)
    relief = Image.fromarray(ridges)
    painted = ImageChops.overlay(dragged, Image.merge("RGB", (relief, relief, relief)))
    return painted.resize((width, height), Image.Resampling.LANCZOS)


def anime(rng: Dice, image: Image.Image) -> Image.Image:
    """Cel colours: flat steps of light, strong colour, thin dark outlines."""
    width, height = image.size
    flat = image.resize(half(width, height, 0.5), Image.Resampling.BOX).filter(
        ImageFilter.MedianFilter(5)
    )
    flat = flat.resize((width, height), Image.Resampling.BICUBIC)
    steps = np.arange(256)
    soft = (np.round(steps / 36) * 36 * 0.75 + steps * 0.25).clip(0, 255)
    flat = ImageEnhance.Color(flat.point([round(float(v)) for v in soft] * 3)).enhance(1.5)
    flat = ImageEnhance.Brightness(flat).enhance(1.08)
    return ImageChops.multiply(flat, outlines(image, 1.0))


def outlines(image: Image.Image, strength: float) -> Image.Image:
    """Dark lines where colours meet, on white, as RGB."""
    grey = image.convert("L").filter(ImageFilter.GaussianBlur(max(0.8, image.height / 900)))
    wide = grey.filter(ImageFilter.GaussianBlur(max(1.2, image.height / 420)))
    edge = ImageChops.difference(grey, wide).point(
        [255 - min(235, max(0, round((v - 5) * 15 * strength))) for v in range(256)]
    )
    return Image.merge("RGB", (edge, edge, edge))


def watercolour(rng: Dice, image: Image.Image) -> Image.Image:
    """Washes on white paper: pale, edges darker, colour run a little, paper grain."""
    width, height = image.size
    w, h = half(width, height, 0.5)
    small = image.resize((w, h), Image.Resampling.BOX)
    wander, drift = noise(rng, w, h, 26, 3), noise(rng, w, h, 26, 3)
    rows = np.clip(np.arange(h)[:, None] + (wander - 0.5) * h / 44, 0, h - 1).astype(np.int32)
    columns = np.clip(np.arange(w)[None, :] + (drift - 0.5) * h / 44, 0, w - 1).astype(np.int32)
    wash = (
        Image.fromarray(np.asarray(small)[rows, columns])
        .filter(ImageFilter.MedianFilter(3))
        .filter(ImageFilter.SMOOTH)
    )
    lifted = wash.point(curve([(0, 62), (110, 158), (200, 232), (255, 255)]) * 3)
    lifted = ImageChops.multiply(ImageEnhance.Color(lifted).enhance(1.35), outlines(wash, 0.5))
    blot = 0.82 + 0.26 * noise(rng, w, h, 3, 5)
    paper = np.clip(255 * blot * (0.93 + 0.1 * noise(rng, w, h, 130, 1)), 0, 255).astype(np.uint8)
    sheet = Image.fromarray(np.minimum(255, paper))
    return ImageChops.soft_light(lifted, Image.merge("RGB", (sheet, sheet, sheet))).resize(
        (width, height), Image.Resampling.BICUBIC
    )


def sketch(rng: Dice, image: Image.Image) -> Image.Image:
    """Pencil: lines by dodging, hatching in the shadows, on warm paper."""
    grey = ImageOps.autocontrast(image.convert("L"), cutoff=1)
    w, h = grey.size
    soft = (
        ImageOps.invert(grey)
        .reduce(2)
        .filter(ImageFilter.GaussianBlur(max(2.0, h / 160)))
        .resize((w, h), Image.Resampling.BILINEAR)
    )
    base = np.asarray(grey, dtype=np.float32)
    dodge = np.clip(base * 255 / np.maximum(1, 255 - np.asarray(soft, dtype=np.float32)), 0, 255)
    x, y = np.arange(w, dtype=np.float32)[None, :], np.arange(h, dtype=np.float32)[:, None]
    pitch = 2 * np.pi / max(3.0, h / 190)
    hatch = np.clip((0.62 - base / 255) * 1.5, 0, 0.75) * (
        0.5 + 0.5 * np.sin((x + y) * pitch * 0.7)
    )
    lines = dodge * (1 - hatch) * 0.92 + base * 0.08
    tooth = rng.normal(0, 6, (h, w)).astype(np.float32)
    page = Image.fromarray(np.clip(lines + tooth, 0, 255).astype(np.uint8))
    return ImageOps.colorize(page, (38, 36, 40), (250, 247, 238))


FINISHES: dict[str, Callable[[Dice, Image.Image], Image.Image]] = {
    "natural": _natural,
    "none": _none,
    "realistic": realistic,
    "artistic": oil,
    "anime": anime,
}
