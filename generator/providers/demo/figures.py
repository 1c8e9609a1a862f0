"""The one place for figures: the cat on the wall, the friendly robot and balloons in the sky."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.land import half, ranges, slope
from generator.providers.demo.palettes import Palette
from generator.providers.demo.raster import (
    Array,
    add,
    column,
    glow,
    ink,
    mask,
    mix,
    over,
    rgb,
    ridge,
    to_image,
    window,
)
from generator.providers.demo.skies import WHITE, stars, sunlit
from generator.providers.demo.studio import gloss, shadow, studio
from generator.providers.demo.words import Wish

CAT = (
    (-0.02, 0.0), (-0.22, 0.0), (-0.26, -0.1), (-0.245, -0.26), (-0.19, -0.42), (-0.13, -0.52), (-0.125, -0.58),
    (-0.165, -0.65), (-0.17, -0.74), (-0.185, -0.9), (-0.09, -0.83), (0.0, -0.835), (0.085, -0.905), (0.085, -0.75),
    (0.085, -0.66), (0.045, -0.585), (0.06, -0.5), (0.075, -0.34), (0.085, -0.16), (0.12, -0.03), (0.1, 0.0),
)  # fmt: skip
DOG = (
    (-0.02, 0.0), (-0.24, 0.0), (-0.27, -0.12), (-0.24, -0.3), (-0.17, -0.45), (-0.13, -0.56), (-0.15, -0.66),
    (-0.2, -0.62), (-0.235, -0.72), (-0.18, -0.83), (-0.08, -0.875), (0.03, -0.86), (0.1, -0.8), (0.2, -0.765), (0.225, -0.71),
    (0.19, -0.67), (0.08, -0.655), (0.06, -0.5), (0.085, -0.34), (0.095, -0.16), (0.14, -0.03), (0.12, 0.0),
)  # fmt: skip


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
    """A cat (or a dog) sitting before a huge moon or sun, rim of light on its back."""
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
    shapes = []
    for number in range(min(count, 7)):
        tall = unit * 0.56 * min(1.2, wish.size) * (1.0 if count == 1 else rng.uniform(0.5, 0.75))
        x = (
            middle[0]
            + (number - (min(count, 7) - 1) / 2) * aspect * 0.8 / max(count, 2)
            + rng.normal(0, 0.02)
        )
        shapes.append((x, tall, -1.0 if rng.random() < 0.5 else 1.0))
    dog = wish.has("dog", "dogs", "puppy", "wolf")
    outline = rounded(DOG if dog else CAT)
    body = mask(width, height, lambda pen, size: _sitting(pen, size, outline, shapes, 0.855))
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
    if not dog:
        _eyes(image, palette, shapes, wish)
    return image


def _sitting(
    pen: ImageDraw.ImageDraw,
    unit: float,
    outline: Array,
    shapes: list[tuple[float, float, float]],
    foot: float,
) -> None:
    for x, tall, way in shapes:
        points = outline * np.array([tall * way, tall], np.float32) + np.array(
            [x, foot], np.float32
        )
        pen.polygon([(float(a) * unit, float(b) * unit) for a, b in points], fill=255)
        turn = np.linspace(0.2, 3.6, 70)
        tail = np.stack(
            [
                x + way * tall * (-0.2 - 0.17 * np.sin(turn) - 0.02 * turn),
                foot + tall * (-0.03 - 0.085 * turn + 0.03 * np.cos(turn * 2)),
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
                    (0.855 - 0.735 * tall) * unit,
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


def _box(
    canvas: Array,
    tone: Array,
    at: tuple[float, float],
    half_size: tuple[float, float],
    corner: float,
    floor: Array,
) -> None:
    """A glossy box with round edges, seen from the front."""
    part, x, y = window(canvas, at, max(half_size) * 1.1)
    dx, dy = x - at[0], y - at[1]
    qx, qy = np.abs(dx) - half_size[0] + corner, np.abs(dy) - half_size[1] + corner
    outside = (
        np.hypot(np.maximum(qx, 0), np.maximum(qy, 0)) + np.minimum(np.maximum(qx, qy), 0) - corner
    )
    bevel = np.clip(1 + outside / corner, 0, 1)
    nx = np.sign(dx) * np.maximum(qx, 0) / corner + 0.25 * dx / half_size[0] + 0 * dy
    ny = np.sign(dy) * np.maximum(qy, 0) / corner + 0.25 * dy / half_size[1] + 0 * dx
    nz = np.sqrt(np.clip(1 - nx * nx - ny * ny, 0.02, 1)) * (1 - 0.2 * bevel)
    tint = np.broadcast_to(tone, (*outside.shape, 3))
    over(part, gloss(tint, nx, ny, nz, floor, 0.6), np.clip(-outside * canvas.shape[0] + 0.5, 0, 1))


def robot(wish: Wish, width: int, height: int) -> Image.Image:
    """Friendly robots in a studio: round-edged boxes, glowing eyes, an aerial."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = width / height
    wall = mix(palette.sky[2], palette.sky[3], 0.4)
    canvas = studio(rng, w, h, wall, mix(wall, palette.sky[-1], 0.4), 0.75)
    count = min(wish.count or 1, 5)
    for number in range(count):
        size = (
            min(1.0, aspect * 1.15 / count**0.75)
            * min(1.2, wish.size)
            * (1 if count == 1 else rng.uniform(0.8, 1.0))
        )
        x = aspect / 2 + (number - (count - 1) / 2) * aspect * 0.9 / count
        _robot(rng, canvas, palette, x, 0.86, size, palette.accents[number % 4], wall)
    return to_image(canvas, width, height)


def _robot(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    x: float,
    foot: float,
    size: float,
    tone: Array,
    floor: Array,
) -> None:
    pale, steel = mix(palette.accents[5], WHITE, 0.4), mix(palette.near, rgb("59616e"), 0.6)
    shadow(canvas, floor * 0.2, (x + 0.05, foot + 0.005), 0.3 * size, 0.045 * size, 0.65)
    for way in (-1, 1):
        _box(
            canvas,
            steel,
            (x + way * 0.085 * size, foot - 0.06 * size),
            (0.035 * size, 0.07 * size),
            0.03 * size,
            floor,
        )
        _box(
            canvas,
            tone,
            (x + way * 0.09 * size, foot - 0.015 * size),
            (0.062 * size, 0.028 * size),
            0.026 * size,
            floor,
        )
        drop = rng.uniform(-0.1, 0.04) * size
        _box(
            canvas,
            steel,
            (x + way * 0.225 * size, foot - 0.255 * size + drop / 2),
            (0.03 * size, 0.09 * size),
            0.029 * size,
            floor,
        )
        _box(
            canvas,
            tone,
            (x + way * 0.225 * size, foot - 0.16 * size + drop),
            (0.046 * size, 0.046 * size),
            0.045 * size,
            floor,
        )
    _box(canvas, pale, (x, foot - 0.25 * size), (0.175 * size, 0.14 * size), 0.06 * size, floor)
    _box(
        canvas,
        steel * 0.7,
        (x, foot - 0.26 * size),
        (0.085 * size, 0.05 * size),
        0.02 * size,
        floor,
    )
    for number in range(3):
        _box(
            canvas,
            palette.accents[number],
            (x + (number - 1) * 0.05 * size, foot - 0.26 * size),
            (0.014 * size, 0.014 * size),
            0.0139 * size,
            floor,
        )
    head = foot - 0.53 * size
    _box(canvas, steel, (x, head - 0.185 * size), (0.008 * size, 0.06 * size), 0.0079 * size, floor)
    _box(
        canvas,
        palette.accents[0],
        (x, head - 0.25 * size),
        (0.025 * size, 0.025 * size),
        0.0249 * size,
        floor,
    )
    _box(canvas, tone, (x, head), (0.205 * size, 0.148 * size), 0.085 * size, floor)
    _box(
        canvas,
        rgb("10131c"),
        (x, head + 0.008 * size),
        (0.158 * size, 0.095 * size),
        0.06 * size,
        floor,
    )
    shine = mix(palette.accents[1], rgb("7df9ff"), 0.6)
    for way in (-1, 1):
        eye = (x + way * 0.07 * size, head - 0.005 * size)
        part, gx, gy = window(canvas, eye, 0.12 * size)
        add(part, shine, glow(gx, gy, eye, 0.02 * size) * 0.8)
        _box(
            canvas, mix(shine, WHITE, 0.4), eye, (0.024 * size, 0.034 * size), 0.0239 * size, floor
        )


def balloons(wish: Wish, width: int, height: int) -> Image.Image:
    """Hot-air balloons over ranges of hills."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = width / height
    top = rng.uniform(0.62, 0.7)
    sky = sunlit(
        rng,
        w,
        h,
        palette,
        top + 0.1,
        (aspect * rng.uniform(0.15, 0.85), top - 0.06),
        0.04,
        cloudy=0.75,
    )
    ranges(rng, sky.canvas, wish, top, 4, 0.46)
    count = wish.count or int(rng.integers(4, 8))
    for number in range(count):
        near = (number + 0.6) / count
        radius = (
            min(1.0, aspect) * (0.03 + 0.13 * near**1.6) * wish.size * (1.25 if count < 3 else 1)
        )
        x = aspect * ((number * 0.618 + rng.uniform(0, 0.25)) % 1 * 0.86 + 0.07)
        _balloon(
            rng,
            sky.canvas,
            palette,
            (x, rng.uniform(0.14, 0.3 + 0.25 * (1 - near)) + radius * 0.4),
            radius,
            1 - near,
        )
    return to_image(sky.canvas, width, height)


def _balloon(
    rng: np.random.Generator,
    canvas: Array,
    palette: Palette,
    at: tuple[float, float],
    radius: float,
    far: float,
) -> None:
    """A striped envelope narrowing to a basket; the far ones take the colour of the air."""
    part, x, y = window(canvas, at, radius * 2.0)
    dx, dy = (x - at[0]) / radius, (y - at[1]) / radius
    belly = np.where(
        dy < 0,
        np.sqrt(np.clip(1 - dy * dy, 0, 1)),
        np.clip(np.cos(np.clip(dy, 0, 1.32) * 1.05), 0, 1) ** 0.85,
    )
    across = np.clip(dx / np.maximum(belly, 1e-3), -1, 1)
    gores = np.floor((np.arcsin(across) / np.pi + 0.5) * 9).astype(np.int32)
    tones = [palette.accents[i] for i in rng.permutation(4)[:2]]
    pattern = np.stack([tones[0], mix(palette.accents[5], WHITE, 0.3), tones[1]])[gores % 3]
    band = (np.abs(dy + 0.05) < 0.14) * (1.0 if rng.random() < 0.5 else 0.0)
    pattern = mix(pattern, tones[0] * 0.8, (band + 0 * dx)[..., None])
    nz = np.sqrt(np.clip(1 - across * across, 0, 1)) * np.clip(1 - 0.25 * dy * dy, 0.2, 1)
    body = gloss(
        pattern.astype(np.float32),
        across * 0.9,
        np.clip(dy, -1, 1) * 0.8 + 0 * dx,
        nz,
        palette.sky[-1],
        0.25,
    )
    body = mix(body, palette.sky[3], 0.55 * far)
    inside = np.minimum((belly - np.abs(dx)) * radius, (1.3 - dy) * radius)
    over(part, body, np.clip(inside * canvas.shape[0] + 0.5, 0, 1) * (dy > -1) * (dy < 1.3))
    wood = mix(rgb("7a4a28"), palette.sky[3], 0.5 * far)
    ropes = (np.abs(np.abs(dx) - 0.13 - 0.07 * (1.62 - dy)) < 0.012) * (dy > 1.28) * (dy < 1.62)
    basket = (np.abs(dx) < 0.15) * (dy > 1.6) * (dy < 1.84)
    over(part, wood, np.clip(ropes * 0.8 + basket, 0, 1).astype(np.float32))
