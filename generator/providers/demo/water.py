"""The one place for water: the open sea, the mirrored lake and the surface they share."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from generator.providers.demo.land import half, pine, slope
from generator.providers.demo.raster import (
    Array,
    add,
    from_image,
    grid,
    ink,
    lookup,
    mask,
    mix,
    over,
    ramp,
    ridge,
    smooth,
    tile,
    to_image,
)
from generator.providers.demo.skies import WHITE, Sky, stars, sunlit
from generator.providers.demo.terrain import shaded, view
from generator.providers.demo.words import Wish


def ripples(
    rng: np.random.Generator, width: int, height: int, horizon: float
) -> tuple[Array, Array]:
    """Height of the water in each pixel below the horizon (about -1..1), and its distance."""
    rows = height - int(horizon * height)
    x, y = grid(width, height)
    below = np.maximum(y[-rows:] - horizon, 0.4 / height)
    distance = (0.16 / below).astype(np.float32)
    across = (x - width / height / 2) * distance
    swell = tile(rng, 256, 4, 5, 0.55)
    first = lookup(swell, across * 0.5, distance * 1.4)
    second = lookup(swell, across * 1.7 + 0.37, distance * 4.3 + first * 0.15)
    third = lookup(swell, across * 6.1 + 0.11, distance * 13 + second * 0.2)
    fade = np.clip(1.6 / (1 + distance * 0.22), 0, 1)
    fine = 0.5 * np.exp(-distance * 0.5)
    return (((first * 0.5 + second * 0.5 - 0.5) * 2 + (third - 0.5) * fine) * fade).astype(
        np.float32
    ), distance


def sea_surface(rng: np.random.Generator, sky: Sky, calm: float = 1.0) -> None:
    """Water below the horizon of a sky: its colours mirrored and broken by waves, light
    glittering under the sun.
    """
    canvas, palette = sky.canvas, sky.palette
    height, width = canvas.shape[:2]
    wave, distance = ripples(rng, width, height, sky.horizon)
    rows = wave.shape[0]
    x, y = grid(width, height)
    depth = np.clip((y[-rows:] - sky.horizon) / (1 - sky.horizon), 0, 1)
    mirrored = np.clip(depth**0.75 * 0.95 - wave * 0.3 * calm + 0.03, 0, 1)
    colours = [mix(c, palette.near, 0.25 + 0.11 * i) for i, c in enumerate(reversed(palette.sky))]
    water = ramp(colours, mirrored) * (0.94 + 0.22 * wave[..., None])
    water = mix(water, palette.sky[-1], (np.exp(-depth * 26) * 0.6)[..., None])
    spread = 0.035 + 0.2 * depth
    path = np.exp(-(((x - sky.sun[0]) / spread) ** 2))
    spark = smooth(0.1, 0.5, wave + 0.55 * path * (1 - 0.35 * depth) - 0.15)
    add(water, mix(palette.light, WHITE, 0.3), path * (0.16 + 0.95 * spark * (1 - 0.5 * depth)))
    canvas[-rows:] = water


def sea(wish: Wish, width: int, height: int) -> Image.Image:
    """Open water with the sun low over it, sometimes a sail, an island or gulls."""
    rng = wish.rng("layout")
    w, h = half(width, height, 0.7)
    aspect = width / height
    horizon = round(rng.uniform(0.44, 0.58) * h) / h
    sun = (aspect * rng.uniform(0.25, 0.75), horizon - rng.uniform(0.02, 0.16))
    sky = sunlit(
        rng, w, h, wish.palette, horizon, sun, 0.05 * wish.size, cloudy=rng.uniform(0.4, 1.0)
    )
    sea_surface(rng, sky)
    image = to_image(sky.canvas, width, height)
    if wish.palette.dark or wish.palette.name == "dusk":
        image = stars(rng, image, horizon * 0.9, 0.8)
    dark = mix(wish.palette.near, wish.palette.far, 0.12)
    if rng.random() < 0.55 or wish.has("island", "bay", "coast", "cliff"):
        image.paste(
            ink(mix(dark, wish.palette.sky[-1], 0.22)), None, _island(rng, width, height, horizon)
        )
    if rng.random() < 0.5 or wish.has(
        "sail", "sailboat", "boat", "ship", "yacht", "boats", "ships"
    ):
        _sails(rng, image, wish, horizon, dark)
    return image


def _island(rng: np.random.Generator, width: int, height: int, horizon: float) -> Image.Image:
    aspect = width / height
    side = rng.choice([0.0, 1.0])
    at = np.linspace(0, 1, 300)
    rise = np.exp(-(((at - side) / rng.uniform(0.16, 0.34)) ** 2)) * rng.uniform(0.07, 0.15)
    skyline = horizon + 0.012 - rise * (1 + 0.35 * ridge(rng, 300, 7, 5))

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        slope(pen, unit, skyline, aspect)
        pen.rectangle([0, horizon * unit, aspect * unit, 2 * unit], fill=0)

    return mask(width, height, draw)


def _sails(
    rng: np.random.Generator, image: Image.Image, wish: Wish, horizon: float, dark: Array
) -> None:
    """Sailing boats with their reflections, the nearer the larger."""
    width, height = image.size
    places = [(rng.uniform(0.15, 0.85), rng.uniform(0.02, 0.14)) for _ in range(wish.count or 1)]
    for share, down in sorted(places, key=lambda place: place[1]):
        tall = (0.07 + down * 0.9) * wish.size
        x, foot = share * width / height, horizon + down

        def draw(
            pen: ImageDraw.ImageDraw,
            unit: float,
            x: float = x,
            foot: float = foot,
            tall: float = tall,
        ) -> None:
            for way in (-1, 1):
                hull = [(-0.34, 0), (0.4, 0), (0.3, 0.1 * -way), (-0.24, 0.1 * -way)]
                main, jib = (
                    [(0.0, 0.08), (0.02, 1.0), (0.34, 0.1)],
                    [(-0.04, 0.08), (-0.03, 0.85), (-0.3, 0.1)],
                )
                fill = 255 if way < 0 else 80
                for shape in ([(a, -b) for a, b in hull] if way > 0 else hull, main, jib):
                    points = [
                        (x + a * tall, foot + (abs(b) * way if shape is not hull else b) * tall)
                        for a, b in shape
                    ]
                    pen.polygon([(a * unit, b * unit) for a, b in points], fill=fill)

        image.paste(ink(dark), None, mask(width, height, draw))


def lake(wish: Wish, width: int, height: int) -> Image.Image:
    """Snowy peaks under a moon, mirrored in still water."""
    rng = wish.rng("layout")
    palette = wish.palette
    w, h = half(width, height, 0.7)
    aspect = width / height
    shore = round(rng.uniform(0.54, 0.6) * h) / h
    sun = (aspect * rng.uniform(0.25, 0.75), rng.uniform(0.1, 0.2))
    sky = sunlit(rng, w, h, palette, shore, sun, 0.045 * wish.size, cloudy=0.15)
    _peaks(rng, sky, w, h, shore)
    upper = to_image(sky.canvas, width, height)
    if palette.dark or palette.name == "dusk":
        upper = stars(rng, upper, shore * 0.6, 1.6)
    line = round(shore * height)
    trees = ink(palette.near * 0.8)
    upper.paste(trees, None, _treeline(rng, width, height, shore))
    return _mirrored(rng, upper, line, wish, sun)


def _peaks(rng: np.random.Generator, sky: Sky, w: int, h: int, shore: float) -> None:
    """Rock and snow from a ridged height map, lit from the side."""
    palette = sky.palette
    rough = tile(rng, 384, 4, 7, 0.52)
    peaks = ((1 - np.abs(rough * 2 - 1)) ** 1.6 * (0.35 + 0.65 * tile(rng, 384, 2, 2))).astype(
        np.float32
    )
    rows = round(shore * h)
    seen = view(
        peaks,
        w,
        rows,
        horizon=1.0,
        eye=0.05,
        lift=4.2,
        scale=0.11,
        offset=(rng.uniform(0, 9), rng.uniform(0, 9)),
        near=3.0,
        far=9.5,
        steps=220,
        rise=3.2,
    )
    side = 1.0 if rng.random() < 0.5 else -1.0
    lit = lookup(shaded(peaks, 26.0, (side, 0.55, -0.35), 20, 0.012), seen.x * 0.11, seen.z * 0.11)
    tall = lookup(peaks, seen.x * 0.11, seen.z * 0.11)
    rock, snow = mix(palette.near, palette.far, 0.55), mix(palette.far, WHITE, 0.62)
    cover = smooth(0.12, 0.3, tall + 0.15 * (lit - 0.4))
    colour = mix(rock, snow, cover[..., None]) * (0.42 + 0.8 * lit[..., None])
    haze = (
        np.clip((seen.distance - 3) / 9, 0, 1) * 0.5
        + 0.35 * smooth(0.65, 1.0, np.linspace(0, 1, rows, dtype=np.float32))[:, None]
    )
    over(
        sky.canvas[:rows],
        mix(colour, palette.sky[-2], np.clip(haze, 0, 0.85)[..., None]),
        seen.ground,
    )


def _treeline(rng: np.random.Generator, width: int, height: int, shore: float) -> Image.Image:
    aspect = width / height
    groves = ridge(rng, 200, 5, 3)

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        pen.rectangle([0, (shore - 0.006) * unit, aspect * unit, shore * unit], fill=255)
        for x in rng.uniform(0, aspect, int(150 * aspect)):
            tall = 0.05 * rng.uniform(0.5, 1.0) * (1 + 0.6 * groves[int(x / aspect * 199)])
            pine(pen, unit, x, shore, max(0.012, tall), 0)

    return mask(width, height, draw)


def _mirrored(
    rng: np.random.Generator, image: Image.Image, line: int, wish: Wish, sun: tuple[float, float]
) -> Image.Image:
    """Everything above `line` turned over below it, darker, shaken by small waves, with the
    moon's path.
    """
    width, height = image.size
    rows = height - line
    k = 0.7
    w, r = max(8, round(width * k)), max(8, round(rows * k))
    source = from_image(
        image.crop((0, max(0, line - rows), width, line))
        .transpose(Image.Transpose.FLIP_TOP_BOTTOM)
        .resize((w, r))
    )
    wave, _ = ripples(rng, w, round(r / (rows / height)), line / height)
    wave = np.resize(wave[:r], (r, w)) if wave.shape[0] < r else wave[:r]
    depth = np.linspace(0, 1, r, dtype=np.float32)[:, None]
    row = np.clip(np.arange(r)[:, None] + wave * (3 + 26 * depth) * r / 500, 0, r - 1).astype(
        np.int32
    )
    water = source[row, np.arange(w)[None, :]]
    water = mix(
        water * (0.9 - 0.3 * depth[..., None]),
        mix(wish.palette.near, wish.palette.sky[1], 0.5),
        0.22 + 0.2 * depth[..., None],
    )
    x = np.linspace(0, width / height, w, dtype=np.float32)[None, :]
    path = np.exp(-(((x - sun[0]) / (0.03 + 0.09 * depth)) ** 2))
    add(water, wish.palette.light, path * smooth(0.12, 0.4, wave + 0.2 * path) * 0.8)
    image.paste(to_image(water, width, rows), (0, line))
    return image
