"""The one place for scenes of the night: aurora over pines, misty forest, a city on the water and the outrun grid."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from generator.providers.demo.land import half, pines, slope
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    Array,
    add,
    column,
    from_image,
    glow,
    grid,
    ink,
    mask,
    mix,
    over,
    ramp,
    ridge,
    smooth,
    to_image,
)
from generator.providers.demo.skies import WHITE, backdrop, stars, sunlit
from generator.providers.demo.words import Wish


def _curtain(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    low: float,
    tall: float,
    strength: float,
) -> None:
    """One aurora curtain: rays that rise from a waving lower edge and change colour with height."""
    height, width = canvas.shape[:2]
    _, y = grid(width, height)
    aspect = width / height
    edge = (low + 0.09 * ridge(rng, width, 1.6 * max(1, aspect), 3))[None, :]
    rays = 0.35 + 0.65 * np.abs(ridge(rng, width, 26 * max(1, aspect), 3, 0.6))[None, :]
    veil = 0.35 + 0.65 * smooth(-0.7, 0.7, ridge(rng, width, 2.2 * max(1, aspect), 2))[None, :]
    up = (edge - y) / (tall * (0.6 + 0.5 * rays))
    light = np.exp(-np.maximum(up, 0) * 2.3) * smooth(-0.1, 0.06, up) * rays * veil
    add(
        canvas,
        ramp(
            [palette.accents[0], palette.accents[0], palette.accents[1], palette.accents[2]],
            np.clip(up, 0, 1),
        ),
        np.clip(light * strength, 0, 1.6),
    )


def aurora(wish: Wish, width: int, height: int) -> Image.Image:
    """Curtains of northern light above hills and snow-dark pines."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height)
    canvas = backdrop(w, h, palette, 1.0) * 0.75
    for _ in range(wish.count or int(rng.integers(2, 4))):
        _curtain(
            rng,
            canvas,
            palette,
            rng.uniform(0.34, 0.56),
            rng.uniform(0.3, 0.5),
            rng.uniform(0.8, 1.3),
        )
    _, y = grid(w, h)
    for depth in (0.0, 0.5):
        skyline = (0.62 + 0.13 * depth - 0.07 * ridge(rng, w, 3 + 2 * depth, 6, 0.52))[None, :]
        tone = mix(
            mix(palette.far, palette.near, 0.35 + 0.45 * depth),
            palette.accents[0],
            (0.2 * np.exp(-np.clip(y - skyline, 0, 1) * 9))[..., None],
        )
        over(canvas, tone, np.clip((y - skyline) * h + 0.5, 0, 1))
    image = stars(rng, to_image(canvas, width, height), 0.7, 1.5)
    image.paste(
        ink(mix(palette.near, palette.far, 0.3)),
        None,
        pines(rng, width, height, 0.84, 0.015, 0.11, 3),
    )
    image.paste(ink(palette.near * 0.7), None, pines(rng, width, height, 0.93, 0.02, 0.24, 2.2))
    if wish.has("snow", "snowy", "winter", "lapland", "arctic") or rng.random() < 0.5:
        bank = 0.955 + 0.015 * ridge(rng, 300, 3, 3)
        snow = column(
            [palette.accents[5], mix(palette.far, palette.accents[5], 0.35)], width, height
        )
        image.paste(
            snow,
            None,
            mask(width, height, lambda pen, unit: slope(pen, unit, bank, width / height)),
        )
    return image


def forest(wish: Wish, width: int, height: int) -> Image.Image:
    """Rows of trees going into the mist, shafts of light between them."""
    rng = wish.rng("layout")
    palette = wish.palette
    aspect = width / height
    sun = (aspect * rng.uniform(0.2, 0.8), rng.uniform(0.12, 0.3))
    w, h = half(width, height, 0.4)
    canvas = backdrop(w, h, palette, 0.9)
    x, y = grid(w, h)
    add(canvas, mix(palette.light, palette.sky[-1], 0.3), glow(x, y, sun, 0.4) * 0.7)
    image = to_image(canvas, width, height)
    rows = 6
    for row in range(rows):
        depth = row / (rows - 1)
        tall = (0.2 + 0.5 * depth**1.4) * min(1.3, wish.size)
        wood = pines(
            rng, width, height, 0.6 + 0.38 * depth, 0.05 - 0.02 * depth, tall, 3.4 - 1.2 * depth
        )
        tone = mix(mix(palette.far, palette.sky[3], 0.5), palette.near * 0.75, depth**0.9)
        image.paste(
            column([tone, tone, mix(tone, palette.sky[-1], 0.6 * (1 - depth))], width, height),
            None,
            wood,
        )
    return ImageChops.screen(image, to_image(_shafts(rng, w, h, palette, sun), width, height))


def _shafts(
    rng: np.random.Generator, width: int, height: int, palette: Palette, sun: tuple[float, float]
) -> Array:
    """Light that fans out from the sun in uneven rays."""
    x, y = grid(width, height)
    angle = np.arctan2(y - sun[1], x - sun[0])
    rays = ridge(rng, 512, 34, 3)[((angle / (2 * np.pi) + 0.5) * 511).astype(np.int32)]
    shine = smooth(0.0, 0.9, rays) * glow(x, y, sun, 0.55) * 0.5 + glow(x, y, sun, 0.12) * 0.35
    return np.asarray(palette.light * shine[..., None], dtype=np.float32)


def city(wish: Wish, width: int, height: int) -> Image.Image:
    """Towers with lit windows and signs, mirrored in black water."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.4)
    aspect = width / height
    shore = rng.uniform(0.68, 0.76)
    sun = (aspect * rng.uniform(0.25, 0.75), rng.uniform(0.16, 0.32))
    sky = sunlit(rng, w, h, palette, shore, sun, rng.uniform(0.04, 0.1) * wish.size, cloudy=0.6)
    image = to_image(sky.canvas, width, height)
    if palette.dark:
        image = stars(rng, image, 0.4, 0.6)
    lights = Image.new("RGB", (width * 2, height * 2))
    for row in range(3):
        _towers(rng, image, lights, wish, shore, row / 2)
    small = lights.reduce(2)
    haze = (
        small.reduce(8)
        .filter(ImageFilter.GaussianBlur(max(1, height / 8 / 60)))
        .resize(small.size, Image.Resampling.BILINEAR)
    )
    image = ImageChops.screen(ImageChops.screen(image, haze), small)
    return _wet(rng, image, round(shore * height), palette)


def _towers(
    rng: np.random.Generator,
    image: Image.Image,
    lights: Image.Image,
    wish: Wish,
    shore: float,
    depth: float,
) -> None:
    """One row of buildings (depth 0 far, 1 near) and what shines on them."""
    width, height = image.size
    aspect = width / height
    palette = wish.palette
    tone = mix(mix(palette.sky[3], palette.far, 0.6), palette.near, 0.25 + 0.7 * depth)
    boxes: list[tuple[float, float, float]] = []
    x = -0.03
    while x < aspect:
        wide = rng.uniform(0.045, 0.1) * (1.15 - 0.15 * depth)
        hump = np.exp(-(((x + wide / 2) / aspect - 0.5) ** 2) * 5)
        boxes.append(
            (
                x,
                wide,
                (rng.uniform(0.14, 0.3) + 0.26 * hump * rng.random())
                * (1.45 - 0.7 * depth)
                * min(1.3, wish.size),
            )
        )
        x += wide * rng.uniform(0.85, 1.25)

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for left, wide, tall in boxes:
            top = shore - tall
            pen.rectangle([left * unit, top * unit, (left + wide) * unit, shore * unit], fill=255)
            pen.rectangle(
                [
                    (left + wide * 0.25) * unit,
                    (top - 0.015) * unit,
                    (left + wide * 0.7) * unit,
                    top * unit,
                ],
                fill=255,
            )
            pen.line(
                [
                    (left + wide * 0.5) * unit,
                    (top - 0.05 * wide / 0.07) * unit,
                    (left + wide * 0.5) * unit,
                    top * unit,
                ],
                fill=255,
                width=max(1, round(unit * 0.002)),
            )

    image.paste(
        column([tone, tone, mix(tone, palette.sky[-1], 0.35 * (1 - depth))], width, height),
        None,
        mask(width, height, draw),
    )
    pen = ImageDraw.Draw(lights)
    for left, wide, tall in boxes:
        pen.rectangle([v * 2 * height for v in (left, shore - tall, left + wide, shore)], fill=0)
        _windows(rng, pen, 2 * height, palette, (left, wide, tall), shore, depth)


def _windows(
    rng: np.random.Generator,
    pen: ImageDraw.ImageDraw,
    unit: float,
    palette: Palette,
    box: tuple[float, float, float],
    shore: float,
    depth: float,
) -> None:
    left, wide, tall = box
    pitch = 0.0105 + 0.0035 * depth
    columns, rows = int((wide - 0.008) / pitch), int((tall - 0.012) / (pitch * 1.25))
    tones = [
        ink(c * (0.3 + 0.7 * depth))
        for c in (
            palette.light,
            mix(palette.light, palette.accents[1], 0.5),
            palette.accents[1],
            palette.accents[2],
        )
    ]
    lit = rng.random((rows, columns)) < rng.uniform(0.18, 0.55)
    pick = rng.choice(4, (rows, columns), p=[0.5, 0.3, 0.12, 0.08])
    for row, col in zip(*np.nonzero(lit), strict=True):
        x, y = left + 0.006 + col * pitch, shore - tall + 0.01 + row * pitch * 1.25
        pen.rectangle(
            [x * unit, y * unit, (x + pitch * 0.5) * unit, (y + pitch * 0.62) * unit],
            fill=tones[pick[row, col]],
        )
    if depth > 0.4 and rng.random() < 0.45 and rows > 8:
        colour = ink(palette.accents[int(rng.integers(0, 4))])
        x, y = left + wide * rng.uniform(0.1, 0.4), shore - tall * rng.uniform(0.55, 0.9)
        size = (wide * 0.16, tall * 0.3) if rng.random() < 0.5 else (wide * 0.5, wide * 0.22)
        pen.rounded_rectangle(
            [x * unit, y * unit, (x + size[0]) * unit, (y + size[1]) * unit],
            unit * 0.004,
            outline=colour,
            width=max(1, round(unit * 0.0035)),
        )


def _wet(rng: np.random.Generator, image: Image.Image, line: int, palette: Palette) -> Image.Image:
    """The picture with all above `line` mirrored below it, drawn out sideways by the water."""
    width, height = image.size
    rows = height - line
    top = max(0, line - round(rows * 1.6))
    flipped = (
        image.crop((0, top, width, line))
        .transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        .resize((width, rows))
    )
    source = from_image(flipped)
    depth = np.linspace(0, 1, rows, dtype=np.float32)
    shake = (
        np.sin(np.arange(rows) * (0.55 - 0.3 * depth) * 900 / height) * (1 + 9 * depth)
        + 6 * ridge(rng, rows, 40, 2) * depth
    )
    columns = (
        (np.arange(width)[None, :] + shake[:, None] * height / 900)
        .astype(np.int32)
        .clip(0, width - 1)
    )
    water = source[np.arange(rows)[:, None], columns]
    water = mix(
        water * (0.85 - 0.45 * depth[:, None, None]),
        palette.near,
        0.12 + 0.25 * depth[:, None, None],
    )
    image.paste(to_image(water, width, rows), (0, line))
    return image


def outrun(wish: Wish, width: int, height: int) -> Image.Image:
    """A striped sun on the horizon of a glowing grid."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height)
    aspect = width / height
    horizon = rng.uniform(0.54, 0.62)
    canvas = backdrop(w, h, palette, horizon * 1.02)
    x, y = grid(w, h)
    centre, radius = (
        (aspect * rng.uniform(0.42, 0.58), horizon - rng.uniform(0.08, 0.17)),
        min(0.25, 0.34 * aspect) * min(1.25, wish.size),
    )
    add(canvas, palette.accents[0], glow(x, y, centre, radius * 1.25) * 0.75)
    image = stars(rng, to_image(canvas, width, height), horizon * 0.8, 1.3)
    _striped_sun(image, palette, centre, radius, wish.count or int(rng.integers(5, 9)))
    skyline = (
        horizon
        - 0.02
        - 0.1
        * np.clip(
            ridge(rng, 400, 5 * max(1, aspect), 5, 0.5)
            * smooth(
                0.04, 0.4, np.abs(np.linspace(0, 1, 400, dtype=np.float32) - centre[0] / aspect)
            )
            + 0.15,
            0,
            1,
        )
    )
    peaks = mask(width, height, lambda pen, unit: slope(pen, unit, skyline, aspect))
    image.paste(column([palette.far, palette.near], width, height), None, peaks)
    edge = mask(
        width,
        height,
        lambda pen, unit: pen.line(
            [
                (float(a) * unit, float(b) * unit)
                for a, b in zip(np.linspace(0, aspect, 400), skyline, strict=True)
            ],
            fill=255,
            width=max(2, round(unit * 0.003)),
        ),
    )
    image.paste(ink(palette.accents[0]), None, edge)
    image.paste(
        column([palette.near, mix(palette.near, palette.sky[2], 0.6)], width, height),
        None,
        mask(
            width,
            height,
            lambda pen, unit: pen.rectangle([0, horizon * unit, 9 * unit, unit], fill=255),
        ),
    )
    return _gridded(image, palette, horizon, centre[0], rng.uniform(0.10, 0.18))


def _striped_sun(
    image: Image.Image, palette: Palette, centre: tuple[float, float], radius: float, bands: int
) -> None:
    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        cx, cy, r = (v * unit for v in (*centre, radius))
        pen.ellipse([cx - r, cy - r, cx + r, cy + r], fill=255)
        for band in range(bands):
            y = cy + r * (0.02 + 0.96 * band / bands)
            pen.rectangle([cx - r, y, cx + r, y + r * (0.018 + 0.075 * band / bands)], fill=0)

    height = image.height
    top, tall = round((centre[1] - radius) * height), max(1, round(radius * 2 * height))
    paint = Image.new("RGB", image.size)
    paint.paste(
        column(
            [
                palette.light,
                mix(palette.light, palette.accents[0], 0.45),
                palette.accents[0],
            ],
            image.width,
            tall,
        ),
        (0, top),
    )
    image.paste(paint, None, mask(image.width, height, draw))


def _gridded(
    image: Image.Image, palette: Palette, horizon: float, middle: float, pitch: float
) -> Image.Image:
    """Perspective lines below the horizon, with a neon bloom."""
    width, height = image.size
    aspect = width / height

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        thick = max(2, round(unit * 0.0026))
        for line in range(-40, 41):
            far = middle + line * pitch * 0.06
            near = middle + line * pitch * 1.35
            pen.line([far * unit, horizon * unit, near * unit, unit * 1.0], fill=255, width=thick)
        for line in range(1, 40):
            y = horizon + (1 - horizon) * 1.9 / (line * 0.9 + 0.9)
            if y < 1:
                pen.line(
                    [0, y * unit, aspect * unit, y * unit],
                    fill=255,
                    width=max(1, round(thick * (0.4 + (y - horizon) * 2.2))),
                )

    lines = mask(width, height, draw)
    bloom = (
        lines.reduce(4)
        .filter(ImageFilter.GaussianBlur(max(1, height / 4 / 110)))
        .resize((width, height), Image.Resampling.BILINEAR)
    )
    bright = ImageChops.add(lines, bloom)
    glowing = Image.new("RGB", image.size)
    glowing.paste(ink(mix(palette.accents[0], WHITE, 0.12)), None, bright)
    fade = column([np.ones(3, np.float32) * v for v in (1.0, 1.0)], width, height)
    return ImageChops.screen(image, ImageChops.multiply(glowing, fade))
