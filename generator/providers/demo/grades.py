"""The one place for single edits: each takes an image, the ask and the wish, and gives the
changed image.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageEnhance, ImageFilter, ImageOps

from generator.providers.demo import styles, weather
from generator.providers.demo.asks import Ask
from generator.providers.demo.lettering import lettered
from generator.providers.demo.paper import faceted
from generator.providers.demo.raster import from_image, ink, mix, ramp, rgb, to_image
from generator.providers.demo.words import Wish

Edit = Callable[[Image.Image, Ask, Wish], Image.Image]


_FULL = Image.Resampling.LANCZOS


def regraded(image: Image.Image, wish: Wish) -> Image.Image:
    """What an unknown ask gets: a grade of two colours its words choose, light and corners to
    match.
    """
    palette, rng = wish.palette, wish.rng("grade")
    pixels = from_image(image)
    light = pixels @ np.array([0.299, 0.587, 0.114], np.float32)
    tones = ramp(
        [
            palette.near,
            palette.accents[int(rng.integers(0, 4))],
            palette.sky[-1],
            mix(palette.light, rgb("ffffff"), 0.4),
        ],
        light,
    )
    graded = to_image(mix(pixels, tones, rng.uniform(0.38, 0.52)), *image.size)
    graded = ImageEnhance.Contrast(graded).enhance(rng.uniform(1.05, 1.2))
    return styles.vignette(styles.bloom(graded, 0.3), rng.uniform(0.3, 0.6))


def tint(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    """The picture in shades of one hue, with a little of its own colour left."""
    import colorsys

    def shade(light: float, strength: float) -> np.ndarray:
        return np.array(colorsys.hls_to_rgb(ask.amount, light, strength), np.float32)

    light = np.asarray(image.convert("L"), dtype=np.float32) / 255
    tones = ramp([shade(0.03, 0.8), shade(0.3, 0.85), shade(0.56, 0.9), shade(0.96, 0.9)], light)
    return to_image(mix(from_image(image), tones, 0.74), *image.size)


def _levels(
    red: list[tuple[int, int]], green: list[tuple[int, int]], blue: list[tuple[int, int]]
) -> Edit:
    table = styles.curve(red) + styles.curve(green) + styles.curve(blue)
    return lambda image, ask, wish: image.point(table)


def _crop(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    w, h = image.size
    return image.crop((w // 5, h // 5, w - w // 5, h - h // 5)).resize((w, h), _FULL)


def _sharpen(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    return image.filter(
        ImageFilter.UnsharpMask(radius=max(1.2, image.height / 500), percent=190, threshold=1)
    )


def _blur(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    return image.filter(ImageFilter.GaussianBlur(max(1.5, min(image.size) / 75)))


def _vintage(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    brown = ImageOps.colorize(image.convert("L"), (38, 24, 12), (252, 240, 212), mid=(156, 120, 82))
    return styles.vignette(Image.blend(image, brown, 0.82), 0.6)


def _night(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    dark = image.point(
        styles.curve([(0, 2), (128, 42), (255, 132)])
        + styles.curve([(0, 4), (128, 56), (255, 160)])
        + styles.curve([(0, 18), (128, 100), (255, 226)])
    )
    return weather.stars(wish.rng("stars"), styles.vignette(dark, 0.5), 0.5, 1.2)


def _sunset(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    warm = _levels(
        [(0, 18), (128, 176), (255, 255)],
        [(0, 4), (128, 112), (255, 226)],
        [(0, 34), (128, 92), (255, 168)],
    )(image, ask, wish)
    sky = ramp(
        [rgb("5b2a86"), rgb("e0517a"), rgb("ff9a4d"), rgb("ffd98a")],
        np.linspace(0, 1, image.height, dtype=np.float32)[:, None],
    )
    wash = to_image(sky, 1, image.height).resize(image.size)
    return styles.bloom(Image.blend(warm, ImageChops.soft_light(warm, wash), 0.8), 0.4)


def _neon(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    """Edges as glowing tubes over a dark picture."""
    edge = (
        image.convert("L")
        .filter(ImageFilter.GaussianBlur(max(1.0, image.height / 500)))
        .filter(ImageFilter.FIND_EDGES)
    )
    ImageDraw.Draw(edge).rectangle(
        [0, 0, edge.width - 1, edge.height - 1], outline=0, width=max(2, image.height // 200)
    )
    line = edge.point([min(255, v * 9) for v in range(256)])
    glow = ImageOps.colorize(line, (0, 0, 0), (255, 255, 255), mid=ink(wish.palette.accents[0]))
    colour = ImageEnhance.Color(
        ImageChops.multiply(glow, ImageEnhance.Brightness(image).enhance(1.6))
    ).enhance(3.0)
    halo = (
        colour.reduce(2)
        .filter(ImageFilter.GaussianBlur(max(2.0, image.height / 140)))
        .resize(image.size, Image.Resampling.BILINEAR)
    )
    dark = image.point(
        styles.curve([(0, 4), (255, 66)])
        + styles.curve([(0, 2), (255, 44)])
        + styles.curve([(0, 18), (255, 104)])
    )
    return ImageChops.add(ImageChops.screen(ImageChops.screen(dark, halo), colour), halo)


def _cyberpunk(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    """Magenta lights, cyan shadows, bloom and faint scan lines."""
    light = np.asarray(image.convert("L"), dtype=np.float32) / 255
    tones = ramp([rgb("07031a"), rgb("141a66"), rgb("b3189a"), rgb("ff4fae"), rgb("8df7ff")], light)
    graded = styles.bloom(to_image(mix(from_image(image), tones, 0.7), *image.size), 0.7)
    lines = np.where(np.arange(image.height) % max(2, image.height // 256) == 0, 214, 255).astype(
        np.uint8
    )
    scan = Image.fromarray(np.repeat(lines[:, None], image.width, axis=1))
    return ImageChops.multiply(graded, Image.merge("RGB", (scan, scan, scan)))


def _pixel(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    """Blocks of few colours."""
    side = 72
    scale = side / min(image.size)
    small = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))),
        Image.Resampling.BOX,
    )
    few = (
        ImageEnhance.Color(small).enhance(1.3).quantize(28, dither=Image.Dither.NONE).convert("RGB")
    )
    return few.resize(image.size, Image.Resampling.NEAREST)


def _poster(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    """A print in five inks with their edges drawn."""
    grey = ImageOps.autocontrast(
        image.convert("L").filter(ImageFilter.GaussianBlur(max(1.0, image.height / 400))), cutoff=2
    )
    palette = wish.palette
    inks = [
        palette.near,
        palette.accents[2],
        palette.accents[0],
        palette.accents[1],
        palette.accents[5],
    ]
    inks.sort(key=lambda tone: float(tone @ np.array([0.299, 0.587, 0.114], np.float32)))
    flat = np.stack(inks)[np.minimum(4, np.asarray(grey) // 52)]
    return to_image(flat, *image.size)


def _paper(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    small = image.resize(
        (max(8, image.width // 8), max(8, image.height // 8)), Image.Resampling.BOX
    )
    return faceted(wish.rng("paper"), from_image(small), *image.size, 40)


def _frame(image: Image.Image, ask: Ask, wish: Wish) -> Image.Image:
    """A white mount and a coloured moulding round the whole picture."""
    import colorsys

    w, h = image.size
    edge, mount = round(min(w, h) * 0.035), round(min(w, h) * 0.05)
    named = ask.amount >= 0
    tone = (
        np.array(colorsys.hls_to_rgb(ask.amount, 0.4, 0.7), np.float32) if named else rgb("2a2320")
    )
    sheet = Image.new("RGB", (w, h), ink(tone))
    pen = ImageDraw.Draw(sheet)
    pen.rectangle(
        [edge // 3, edge // 3, w - 1 - edge // 3, h - 1 - edge // 3],
        outline=ink(mix(tone, rgb("ffffff"), 0.35)),
        width=max(1, edge // 8),
    )
    pen.rectangle([edge, edge, w - 1 - edge, h - 1 - edge], fill=(250, 247, 240))
    inner = ImageOps.fit(
        image, (max(1, w - 2 * (edge + mount)), max(1, h - 2 * (edge + mount))), _FULL
    )
    sheet.paste(inner, (edge + mount, edge + mount))
    return sheet


def _styled(paint: Callable[[np.random.Generator, Image.Image], Image.Image]) -> Edit:
    return lambda image, ask, wish: paint(wish.rng("style"), image)


def _overlaid(layer: Callable[[np.random.Generator, Image.Image, Wish], Image.Image]) -> Edit:
    return lambda image, ask, wish: layer(wish.rng("weather"), image, wish)


EDITS: dict[str, Edit] = {
    "crop": _crop,
    "mirror": lambda image, ask, wish: ImageOps.mirror(image),
    "flip": lambda image, ask, wish: ImageOps.flip(image),
    "blur": _blur,
    "sharpen": _sharpen,
    "brighter": lambda image, ask, wish: image.point(
        styles.curve([(0, 18), (96, 150), (255, 255)]) * 3
    ),
    "darker": lambda image, ask, wish: image.point(
        styles.curve([(0, 0), (128, 72), (255, 186)]) * 3
    ),
    "contrast": lambda image, ask, wish: image.point(
        styles.curve([(0, 0), (64, 24), (128, 128), (192, 232), (255, 255)]) * 3
    ),
    "vivid": lambda image, ask, wish: ImageEnhance.Color(image).enhance(1.75),
    "faded": lambda image, ask, wish: (
        ImageEnhance.Color(image).enhance(0.42).point(styles.curve([(0, 46), (255, 238)]) * 3)
    ),
    "warmer": _levels(
        [(0, 6), (128, 154), (255, 255)],
        [(0, 2), (128, 130), (255, 248)],
        [(0, 0), (128, 96), (255, 208)],
    ),
    "cooler": _levels(
        [(0, 0), (128, 98), (255, 212)],
        [(0, 2), (128, 128), (255, 246)],
        [(0, 10), (128, 158), (255, 255)],
    ),
    "mono": lambda image, ask, wish: ImageOps.autocontrast(image.convert("L"), cutoff=0.5).convert(
        "RGB"
    ),
    "vintage": _vintage,
    "invert": lambda image, ask, wish: ImageOps.invert(image),
    "night": _night,
    "sunset": _sunset,
    "tint": tint,
    "cyberpunk": _cyberpunk,
    "neon": _neon,
    "watercolour": _styled(styles.watercolour),
    "sketch": _styled(styles.sketch),
    "oil": _styled(styles.oil),
    "pixel": _pixel,
    "poster": _poster,
    "anime": _styled(styles.anime),
    "paper": _paper,
    "realistic": _styled(styles.realistic),
    "vignette": lambda image, ask, wish: styles.vignette(image, 1.1),
    "fog": _overlaid(weather.fog),
    "rain": _overlaid(weather.rain),
    "snow": _overlaid(weather.snow),
    "stars": _overlaid(weather.LAYERS["stars"]),
    "fireflies": _overlaid(weather.fireflies),
    "petals": _overlaid(weather.petals),
    "text": lettered,
    "frame": _frame,
}
