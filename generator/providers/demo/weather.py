"""The one place for weather and small life laid over a finished scene: snow, rain, fog, petals,
sparks, birds.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFilter

from generator.providers.demo.land import half
from generator.providers.demo.raster import (
    Array,
    add,
    glow,
    ink,
    mask,
    mix,
    noise,
    smooth,
    to_image,
    window,
)
from generator.providers.demo.skies import WHITE, stars
from generator.providers.demo.words import Wish

INDOORS = {
    "banana",
    "spheres",
    "fruit",
    "tiles",
    "waves",
    "stained",
    "contour",
    "marble",
    "silk",
    "fractal",
    "robot",
    "sunflower",
}
OPEN_SKY = {
    "mountains",
    "sea",
    "dunes",
    "hills",
    "lake",
    "balloons",
    "lighthouse",
    "sakura",
    "forest",
}


def weathered(image: Image.Image, wish: Wish) -> Image.Image:
    """The scene with the weather its words ask for; a few birds now and then where there is
    open sky.
    """
    asked = set(wish.weather)
    rng = wish.rng("weather")
    if wish.scene in INDOORS:
        asked &= {"snow", "rain", "petals", "fireflies"}
    elif wish.scene in OPEN_SKY and not wish.palette.dark and rng.random() < 0.35:
        asked.add("birds")
    for name in ("stars", "fog", "birds", "rain", "snow", "petals", "fireflies"):
        if name in asked:
            image = LAYERS[name](rng, image, wish)
    return image


def _dotted(
    rng: np.random.Generator, size: tuple[int, int], count: int, least: float, most: float
) -> Image.Image:
    width, height = size
    spots = rng.random((count, 3))

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for a, b, c in spots:
            x, y, r = a * unit * width / height, b * unit, (least + (most - least) * c**3) * unit
            pen.ellipse([x - r, y - r, x + r, y + r], fill=int(120 + 135 * c))

    return mask(width, height, draw)


def snow(rng: np.random.Generator, image: Image.Image, wish: Wish) -> Image.Image:
    """Falling snow in two depths, the near flakes out of focus."""
    small = _dotted(rng, image.size, 420, 0.0006, 0.0024)
    large = _dotted(rng, image.size, 34, 0.0025, 0.007).filter(
        ImageFilter.GaussianBlur(image.height / 350)
    )
    flakes = ImageChops.add(small, large)
    image = Image.blend(
        image, Image.new("RGB", image.size, ink(mix(wish.palette.sky[-1], WHITE, 0.6))), 0.1
    )
    image.paste((250, 252, 255), None, flakes)
    return image


def rain(rng: np.random.Generator, image: Image.Image, wish: Wish) -> Image.Image:
    """Slanting rain and greyer light."""
    width, height = image.size
    drops, lean = rng.random((420, 3)), rng.uniform(-0.22, -0.08)

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for a, b, c in drops:
            x, y, long = (
                (a * 1.3 - 0.1) * unit * width / height,
                (b * 1.1 - 0.1) * unit,
                (0.03 + 0.07 * c) * unit,
            )
            pen.line(
                [x, y, x + lean * long, y + long],
                fill=int(40 + 90 * c),
                width=max(1, round(unit * 0.0013)),
            )

    grey = image.convert("L").convert("RGB")
    image = Image.blend(
        Image.blend(image, grey, 0.3), Image.new("RGB", image.size, (52, 64, 84)), 0.14
    )
    image.paste((226, 236, 246), None, mask(width, height, draw))
    return image


def fog(rng: np.random.Generator, image: Image.Image, wish: Wish) -> Image.Image:
    """Banks of fog, thickest low down."""
    w, h = half(*image.size, 0.25)
    down = np.linspace(0, 1, h, dtype=np.float32)[:, None]
    bank = noise(rng, w, h, 2.5, 5, 0.5, stretch=3) * 0.8 + 0.45 * smooth(0.25, 0.8, down) * smooth(
        1.15, 0.7, down
    )
    veil = Image.fromarray((np.clip(bank - 0.18, 0, 0.82) * 255).astype(np.uint8)).resize(
        image.size, Image.Resampling.BICUBIC
    )
    image.paste(
        ink(mix(wish.palette.sky[-1], WHITE, 0.35 if not wish.palette.dark else 0.05)), None, veil
    )
    return image


def _starred(rng: np.random.Generator, image: Image.Image, wish: Wish) -> Image.Image:
    """Stars in the upper half; a bright picture goes dark first."""
    if np.asarray(image.convert("L").resize((16, 16))).mean() < 112:
        return stars(rng, image, 0.55, 1.6)
    night = ImageChops.multiply(image, Image.new("RGB", image.size, (120, 128, 186)))
    return stars(rng, night, 0.55, 2.0)


def petals(rng: np.random.Generator, image: Image.Image, wish: Wish) -> Image.Image:
    """Petals, leaves or paper adrift."""
    width, height = image.size
    for tone in wish.palette.accents[:3]:
        drift = rng.random((26, 4))

        def draw(pen: ImageDraw.ImageDraw, unit: float, drift: Array = drift) -> None:
            for a, b, c, d in drift:
                x, y, r, turn = (
                    a * unit * width / height,
                    b * unit,
                    (0.004 + 0.012 * c**2) * unit,
                    d * 6.28,
                )
                u, v = (
                    np.array([np.cos(turn), np.sin(turn)]) * r,
                    np.array([-np.sin(turn), np.cos(turn)]) * r * 0.45,
                )
                centre = np.array([x, y])
                pen.polygon(
                    [tuple(centre + p) for p in (u, v + u * 0.3, -u, -v + u * 0.3)], fill=255
                )

        image.paste(ink(tone), None, mask(width, height, draw))
    return image


def fireflies(rng: np.random.Generator, image: Image.Image, wish: Wish) -> Image.Image:
    """Small warm lights with a halo."""
    w, h = half(*image.size, 0.5)
    light = np.zeros((h, w, 3), np.float32)
    tone = mix(wish.palette.accents[1], WHITE, 0.25)
    for a, b, c in rng.random((46, 3)):
        at = (a * w / h, 0.15 + 0.85 * b)
        part, x, y = window(light, at, 0.05)
        radius = 0.0025 + 0.006 * c**2
        add(part, tone, glow(x, y, at, radius) * smooth(0.05, 0.02, np.hypot(x - at[0], y - at[1])))
    return ImageChops.screen(image, to_image(light, *image.size))


def birds(rng: np.random.Generator, image: Image.Image, wish: Wish) -> Image.Image:
    """A loose flock, far away."""
    width, height = image.size
    count = (
        wish.count
        if wish.count and wish.has("bird", "birds", "gulls", "seagulls", "geese")
        else int(rng.integers(4, 11))
    )
    home = np.array([rng.uniform(0.2, 0.8) * width / height, rng.uniform(0.12, 0.3)])
    flock = home + rng.normal(0, [0.09, 0.04], (count, 2))
    spans = rng.uniform(0.008, 0.018, count) * wish.size

    def draw(pen: ImageDraw.ImageDraw, unit: float) -> None:
        for (x, y), span in zip(flock, spans, strict=True):
            lift = span * rng.uniform(0.25, 0.6)
            wing = [
                (x - span, y - lift),
                (x - span * 0.4, y - lift * 0.7),
                (x, y),
                (x + span * 0.4, y - lift * 0.7),
                (x + span, y - lift),
            ]
            pen.line(
                [(a * unit, b * unit) for a, b in wing],
                fill=225,
                width=max(2, round(unit * 0.0024)),
                joint="curve",
            )

    image.paste(
        ink(mix(wish.palette.near, wish.palette.far, 0.15)), None, mask(width, height, draw)
    )
    return image


LAYERS: dict[str, Callable[[np.random.Generator, Image.Image, Wish], Image.Image]] = {
    "snow": snow,
    "rain": rain,
    "fog": fog,
    "stars": _starred,
    "petals": petals,
    "fireflies": fireflies,
    "birds": birds,
}
