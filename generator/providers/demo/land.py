"""The one place for scenes on land: mountain ranges, dunes, fields and the folded-paper peak."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.raster import (
    Array,
    add,
    glow,
    grid,
    ink,
    lookup,
    mask,
    mix,
    noise,
    over,
    ramp,
    rgb,
    ridge,
    smooth,
    tile,
    to_image,
)
from generator.providers.demo.skies import WHITE, stars, sunlit
from generator.providers.demo.terrain import View, shaded, view
from generator.providers.demo.words import Wish


def half(width: int, height: int, share: float = 0.5) -> tuple[int, int]:
    """The size a soft part is painted at before it is enlarged."""
    return max(16, round(width * share)), max(16, round(height * share))


def pine(
    pen: ImageDraw.ImageDraw, unit: float, x: float, foot: float, tall: float, lean: float
) -> None:
    """One pine: a jagged triangle of seven tiers standing at (x, foot), in units."""
    tiers = 7
    left: list[tuple[float, float]] = [(x + lean, foot - tall)]
    right = list(left)
    for tier in range(1, tiers + 1):
        y = foot - tall * (1 - tier / tiers)
        reach = tall * 0.2 * (tier / tiers) ** 0.85
        left += [(x - reach, y), (x - reach * 0.42, y - tall * 0.025)]
        right += [(x + reach, y), (x + reach * 0.42, y - tall * 0.025)]
    pen.polygon([(px * unit, py * unit) for px, py in left + right[::-1]], fill=255)
    pen.rectangle(
        [
            (x - tall * 0.02) * unit,
            (foot - 2 / unit) * unit,
            (x + tall * 0.02) * unit,
            (foot + tall * 0.06) * unit,
        ],
        fill=255,
    )


def slope(pen: ImageDraw.ImageDraw, unit: float, skyline: Array, aspect: float) -> None:
    """Everything below a skyline (heights as y in units, evenly spread over the width)."""
    xs = np.linspace(0, aspect, len(skyline))
    edge = [(float(x) * unit, float(y) * unit) for x, y in zip(xs, skyline, strict=True)]
    pen.polygon([(0, 2 * unit), *edge, (aspect * unit, 2 * unit)], fill=255)


def pines(
    rng: np.random.Generator,
    width: int,
    height: int,
    base: float,
    swing: float,
    tall: float,
    dense: float,
) -> Image.Image:
    """A mask of a wooded slope: its skyline near y = `base`, trees about `tall` high."""
    aspect = width / height
    skyline = base + swing * ridge(rng, 400, 3 * max(1.0, aspect), 3)
    groves = ridge(rng, 400, 7 * max(1.0, aspect), 2)

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        slope(pen, unit, skyline, aspect)
        for x in np.sort(rng.uniform(-0.02, aspect + 0.02, int(aspect * dense / tall))):
            spot = int(np.clip(x / aspect, 0, 1) * 399)
            size = tall * rng.uniform(0.45, 1.0) * (0.75 + 0.45 * groves[spot])
            if size > tall * 0.25:
                pine(pen, unit, x, skyline[spot] + size * 0.1, size, rng.normal(0, 0.004))

    return mask(width, height, draw)


def ranges(
    rng: np.random.Generator, canvas: Array, wish: Wish, top: float, count: int, rough: float
) -> None:
    """Ranges one before the other, each darker than the last, with mist in the valleys between."""
    height, width = canvas.shape[:2]
    _, y = grid(width, height)
    palette = wish.palette
    aspect = width / height
    haze = mix(palette.sky[-1], palette.sky[2], 0.35)
    for layer in range(count):
        depth = layer / max(1, count - 1)
        base = top + (0.93 - top) * depth**1.15
        peaks = ridge(rng, width, (2.2 + 1.6 * depth) * max(0.8, aspect), 7, rough)
        skyline = (base - (0.085 - 0.03 * depth) * wish.size * peaks - 0.02)[None, :]
        colour = mix(
            mix(palette.far, palette.sky[-2], 0.25 * (1 - depth)), palette.near, depth**1.3 * 0.85
        )
        below = np.clip((y - skyline) / 0.22, 0, 1)
        body = mix(colour, mix(colour, haze, 0.55 * (1 - depth * 0.6)), (below**0.8)[..., None])
        over(canvas, body, np.clip((y - skyline) * height + 0.5, 0, 1))


def mountains(wish: Wish, width: int, height: int) -> Image.Image:
    """Ranges fading into a dawn, pines in front."""
    rng = wish.rng("layout")
    w, h = half(width, height)
    aspect = width / height
    top = rng.uniform(0.4, 0.5)
    sun = (aspect * rng.uniform(0.2, 0.8), top - rng.uniform(0.01, 0.09))
    sky = sunlit(rng, w, h, wish.palette, top + 0.12, sun, 0.032 * wish.size)
    ranges(rng, sky.canvas, wish, top, int(rng.integers(5, 8)), rng.uniform(0.46, 0.56))
    image = to_image(sky.canvas, width, height)
    if wish.palette.dark or wish.palette.name in {"dawn", "dusk"}:
        image = stars(wish.rng("stars"), image, top * 0.8, 0.5 if not wish.palette.dark else 1.0)
    image.paste(
        ink(mix(wish.palette.near, wish.palette.far, 0.16)),
        None,
        pines(rng, width, height, 0.86, 0.02, 0.085, 3.2),
    )
    image.paste(
        ink(wish.palette.near * 0.8), None, pines(rng, width, height, 0.965, 0.03, 0.15, 2.4)
    )
    return image


def _rippled(seen: View, sun: Array, warp: Array, fade: float) -> Array:
    """Wind ripples across the sand, gone where they would be finer than a pixel."""
    phase = seen.z * 46 + lookup(warp, seen.x * 0.11, seen.z * 0.11) * 46 + seen.x * 9
    return np.asarray(
        np.sin(phase) * np.exp(-seen.distance * fade) * (0.25 + 0.75 * sun), dtype=np.float32
    )


def dunes(wish: Wish, width: int, height: int) -> Image.Image:
    """Sand to the horizon in low light."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.62)
    aspect = w / h
    horizon = rng.uniform(0.3, 0.42)
    sun = (aspect * rng.uniform(0.12, 0.88), horizon - rng.uniform(0.015, 0.1))
    sky = sunlit(rng, w, h, palette, horizon + 0.05, sun, 0.03 * wish.size, cloudy=0.1)
    base = tile(rng, 384, 2, 3, 0.3)
    base = (base - base.min()) / (base.max() - base.min())
    crests = 1 - np.abs(base * 2 - 1) ** 0.9
    sand = (0.62 * crests + 0.38 * tile(rng, 384, 2, 2)).astype(np.float32)
    seen = view(
        sand,
        w,
        h,
        horizon=horizon,
        eye=1.2,
        lift=0.85,
        scale=0.14,
        offset=(rng.uniform(0, 9), rng.uniform(0, 9)),
        far=40,
    )
    side = 1.0 if sun[0] > aspect / 2 else -1.0
    light = shaded(sand, 34.0, (side, 0.42, 0.75), reach=40, slope=0.006)
    lit = lookup(light, seen.x * 0.14, seen.z * 0.14)
    lit = np.clip(lit * 1.05 + 0.1 + 0.2 * _rippled(seen, lit, base, 0.22), 0, 1)
    grain = mix(rgb("dc9a50"), palette.far, 0.8 if palette.dark else 0.22)
    grain = mix(rgb("dc9a50"), palette.far, 0.8 if palette.dark else 0.22)
    cold = mix(palette.near, grain, 0.3)
    ground = ramp([cold * 0.8, mix(cold, grain, 0.55), grain, mix(grain, palette.light, 0.55)], lit)
    haze = 1 - np.exp(-((seen.distance / 17) ** 1.5))
    ground = mix(ground, mix(palette.sky[-1], palette.far, 0.3), haze[..., None])
    over(sky.canvas, ground, seen.ground)
    x, y = grid(w, h)
    add(sky.canvas, palette.light, glow(x, y, sun, 0.16) * 0.5)
    image = to_image(sky.canvas, width, height)
    return stars(rng, image, horizon * 0.9, 1.2) if palette.dark else image


def hills(wish: Wish, width: int, height: int) -> Image.Image:
    """Fields in stripes over rolling land, a lane of cypresses winding away."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.6)
    aspect = w / h
    horizon = rng.uniform(0.3, 0.4)
    sun = (aspect * rng.uniform(0.15, 0.85), horizon - rng.uniform(0.03, 0.14))
    sky = sunlit(rng, w, h, palette, horizon + 0.06, sun, 0.035, cloudy=0.6)
    land = tile(rng, 256, 3, 3, 0.32)
    spot = (rng.uniform(0, 9), rng.uniform(0, 9))
    seen = view(land, w, h, horizon=horizon, eye=1.15, lift=0.7, scale=0.11, offset=spot, far=44)
    lit = lookup(
        shaded(land, 14.0, (1.0 if sun[0] > aspect / 2 else -1.0, 0.6, 0.8), 20),
        seen.x * 0.11,
        seen.z * 0.11,
    )
    ground = _fields(rng, wish, seen) * (0.5 + 0.75 * lit[..., None])
    haze = 1 - np.exp(-((seen.distance / 20) ** 1.4))
    over(
        sky.canvas,
        mix(ground, mix(palette.sky[-1], palette.far, 0.25), haze[..., None]),
        seen.ground,
    )
    x, y = grid(w, h)
    add(sky.canvas, palette.light, glow(x, y, sun, 0.2) * 0.35)
    image = to_image(sky.canvas, width, height)
    _cypresses(rng, image, wish, horizon)
    return image


def _fields(rng: np.random.Generator, wish: Wish, seen: View) -> Array:
    """Colour of each field: patches of greens and golds, ploughed in stripes of differing directions."""
    green, gold = np.array([0.33, 0.55, 0.2], np.float32), np.array([0.8, 0.62, 0.22], np.float32)
    crops = [
        green,
        mix(green, gold, 0.4),
        gold,
        mix(gold, wish.palette.accents[0], 0.3),
        green * 0.75,
    ]
    if wish.palette.name not in {"noon", "gold", "forest", "dawn", "sunset"}:
        crops = [mix(crop, wish.palette.far, 0.55) for crop in crops]
    patches = tile(rng, 256, 5, 2, 0.3)
    which = np.floor(lookup(patches, seen.x * 0.1, seen.z * 0.1) * 9)
    turn = which * 2.4
    rows = np.sin((seen.x * np.cos(turn) + seen.z * np.sin(turn)) * 21)
    table = np.stack([crops[i % 5] for i in range(10)])
    fade = np.exp(-seen.distance * 0.2)
    return np.asarray(
        table[which.astype(int).clip(0, 9)] * (1 + 0.13 * (rows * fade)[..., None]),
        dtype=np.float32,
    )


def _cypresses(rng: np.random.Generator, image: Image.Image, wish: Wish, horizon: float) -> None:
    width, height = image.size
    aspect = width / height
    sway, start = rng.uniform(0.12, 0.3) * rng.choice([-1, 1]), aspect * rng.uniform(0.35, 0.65)
    near = np.linspace(0, 1, wish.count or 15) ** 1.7

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for depth in near:
            y = horizon + 0.05 + (0.93 - horizon) * depth
            x = start + sway * np.sin(depth * 5.2 + 0.6) * (0.35 + depth)
            tall = (0.025 + 0.15 * depth) * wish.size
            edge = [
                (x + tall * 0.13 * np.sin(t * np.pi) ** 0.8 * (1.1 - t * 0.5) * s, y - tall * t)
                for s in (1, -1)
                for t in (np.linspace(0, 1, 14) if s == 1 else np.linspace(1, 0, 14))
            ]
            pen.polygon([(px * unit, py * unit) for px, py in edge], fill=255)

    image.paste(
        ink(mix(np.array([0.1, 0.2, 0.14], np.float32), wish.palette.near, 0.4)),
        None,
        mask(width, height, draw),
    )


def lowpoly(wish: Wish, width: int, height: int) -> Image.Image:
    """A snowy peak folded from paper triangles."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.25)
    aspect = w / h
    x, y = grid(w, h)
    peak = (aspect * rng.uniform(0.38, 0.62), rng.uniform(0.18, 0.28))
    sun = (aspect * (0.2 if peak[0] > aspect / 2 else 0.8), rng.uniform(0.14, 0.26))
    sky = sunlit(rng, w, h, palette, 0.72, sun, 0.085, cloudy=0.3)
    steep = rng.uniform(1.15, 1.5)
    rock = peak[1] + np.abs(x - peak[0]) * steep + 0.05 * ridge(rng, w, 9, 3)[None, :]
    side = smooth(-0.02, 0.02, (x - peak[0]) + 0.06 * (noise(rng, w, h, 6, 2) - 0.5))
    stone = mix(mix(palette.far, palette.near, 0.35), palette.near, side[..., None] * 0.6)
    snow = (y < rock + 0.13 + 0.1 * noise(rng, w, h, 9, 2)) & (y < 0.6)
    stone = np.where(snow[..., None], mix(WHITE, palette.sky[1], (side * 0.35)[..., None]), stone)
    over(sky.canvas, stone.astype(np.float32), np.clip((y - rock) * h + 0.5, 0, 1))
    meadow = np.array([0.25, 0.6, 0.33], np.float32)
    over(
        sky.canvas,
        mix(meadow, palette.near, 0.2),
        smooth(0.7, 0.71, y + 0.02 * ridge(rng, w, 6, 2)[None, :]),
    )
    over(
        sky.canvas,
        mix(np.array([0.06, 0.4, 0.48], np.float32), palette.near, 0.25),
        smooth(0.82, 0.83, y + 0.015 * ridge(rng, w, 6, 2)[None, :]),
    )
    return faceted(rng, sky.canvas, width, height, 34)


def faceted(
    rng: np.random.Generator, canvas: Array, width: int, height: int, rows: int
) -> Image.Image:
    """A canvas as triangles, each filled with the colour under its middle and a little light of its own."""
    columns = max(4, round(rows * width / height))
    gx, gy = np.meshgrid(np.arange(-1, columns + 2), np.arange(-1, rows + 2))
    px = (gx + rng.uniform(-0.42, 0.42, gx.shape)) * width / columns
    py = (gy + rng.uniform(-0.42, 0.42, gy.shape)) * height / rows
    image = Image.new("RGB", (width * 2, height * 2))
    pen = ImageDraw.Draw(image)
    h, w = canvas.shape[:2]
    for r in range(gx.shape[0] - 1):
        for c in range(gx.shape[1] - 1):
            corners = [
                (px[r + a, c + b], py[r + a, c + b]) for a, b in ((0, 0), (0, 1), (1, 1), (1, 0))
            ]
            halves = ((0, 1, 2), (0, 2, 3)) if rng.random() < 0.5 else ((0, 1, 3), (1, 2, 3))
            for trio in halves:
                points = [corners[i] for i in trio]
                mx, my = (
                    sum(p[0] for p in points) / 3 / width,
                    sum(p[1] for p in points) / 3 / height,
                )
                colour = canvas[int(np.clip(my, 0, 0.999) * h), int(np.clip(mx, 0, 0.999) * w)]
                pen.polygon(
                    [(a * 2, b * 2) for a, b in points], fill=ink(colour * rng.uniform(0.9, 1.08))
                )
    return image.reduce(2)
