"""The one place for palettes: named sets of colours, the words that ask for them, and how one
colour tints a set.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from generator.providers.demo.raster import Array, rgb

HLS = tuple[float, float, float]


@dataclass(frozen=True)
class Palette:
    """Colours of one picture: `sky` from the top down, the light, hills far and near, accents
    for objects.
    """

    name: str
    sky: tuple[Array, ...]
    light: Array
    far: Array
    near: Array
    accents: tuple[Array, ...]
    dark: bool = False


def _palette(name: str, sky: str, rest: str, accents: str, dark: bool = False) -> Palette:
    light, far, near = (rgb(code) for code in rest.split())
    return Palette(
        name, tuple(map(rgb, sky.split())), light, far, near, tuple(map(rgb, accents.split())), dark
    )


_ALL = (
    _palette(
        "dawn",
        "28337a 6a63ab d598b4 ffb88a ffd9a0",
        "fff3cf a98bb8 161a45",
        "ff7b6b ffc15e 6c7ae0 f7a6c1 35407f fff0d2",
    ),
    _palette(
        "sunset",
        "2a1a5e 7a2f7d d8506c ff8f4a ffd06b",
        "fff0b3 8a4a86 1c0f36",
        "ff5a3c ffb52e 7a2fa0 e33d78 2e1a66 ffe7b8",
    ),
    _palette(
        "noon",
        "2b6fc4 5a9be0 9fcbee dcecf2 f6efdc",
        "fffbe6 9fb6cf 24455a",
        "ef4d3a ffc933 2f7de1 3fae6a 6a4fb3 fff7e3",
    ),
    _palette(
        "dusk",
        "171c4a 3a3f86 8a62a6 e58a92 ffc48f",
        "ffe7bd 6f6aa8 0e1230",
        "e8556e ffb45c 5a63d8 9a5fc0 1d2560 ffe9cf",
    ),
    _palette(
        "night",
        "050a20 0b1638 152a5c 28487f 4a6fa0",
        "f4f1da 3a5484 050914",
        "ffd166 6fb7ff 9a7bff ff6f91 0d1b45 eaf2ff",
        True,
    ),
    _palette(
        "aurora",
        "0b0630 0d1a4a 0c3a5e 0e5a6a 1b7a74",
        "d7fff0 14506a 02101c",
        "2cf5b0 34d3ff 9a5bff f45bd0 073047 e6fff8",
        True,
    ),
    _palette(
        "neon",
        "0a0420 1c0840 3d0f68 7a1a86 d4338f",
        "ffd23f 4a1a7a 08031a",
        "ff2e97 00e5ff ffd319 9d4dff 14072f 39ff9c",
        True,
    ),
    _palette(
        "candy",
        "8fd3f4 b8c4f8 f3b9dd ffd0cf ffe8cf",
        "fffbe8 c9a7d8 7a4f8e",
        "ff5d73 ffb52e 4a86f7 8e5cf0 35b88a ffd9e2",
    ),
    _palette(
        "gold",
        "345f94 6d93b8 c9c2a4 f2cf8a ffe3a6",
        "fff6d8 d69a52 6b3a3e",
        "e0912f ffd06b 8a3f3a 3f7f8a c9562e fff0cc",
    ),
    _palette(
        "ocean",
        "0a3a66 12629a 3a9cc4 8fd2da d9f2e6",
        "fffbe0 4a92b4 06263f",
        "0fa3b1 f7d774 0b5394 ff8a5b 7ad3c9 f4fbf6",
    ),
    _palette(
        "forest",
        "3c6a74 6b9a8e a9c7a0 dbe0b4 f4edc8",
        "fff9d6 6f9a80 12291f",
        "2f8f4e f2c14e 8a5a2b d9643a 1e5a4a f3f0d7",
    ),
    _palette(
        "winter",
        "5b7fae 8faed0 bfd2e6 e2e9f2 f7f1ec",
        "fffdf5 a9bcd6 2b3f60",
        "3f6fb0 e8f1fa c0506a 7aa6d6 24406e fbfdff",
    ),
    _palette(
        "sakura",
        "9fd0dc c3dfe2 ecdfdc f8d3cf fbdcd0",
        "ff6a5a a9b6d8 3a2430",
        "f58fb0 ffc2d4 e8556e 8fb4d8 6a4a63 fff3f1",
    ),
    _palette(
        "fire",
        "14060f 3d0d18 8c1f1c e0561f ffb238",
        "fff2b0 6a2020 12060a",
        "ff3b1f ffa41b ffdf5a b3122e 4a0d16 fff0c2",
        True,
    ),
    _palette(
        "storm",
        "1c2430 37465a 5d7186 8f9ea8 c0c4be",
        "e9edf0 5c6d7e 141b24",
        "5b8fb0 d8b860 3a4c62 a34e4e 7fa39c e8ecec",
        True,
    ),
    _palette(
        "sepia",
        "6b4a2e 9c7448 c9a470 e8cf9e f6e6c2",
        "fff7df b08e62 3a2616",
        "8a5a30 d9a860 5a3a22 b5714a e9cf9e fbf1d9",
    ),
    _palette(
        "mono",
        "1d1e22 4a4c52 85878c c0c1c3 ebebe8",
        "ffffff 8a8c90 101114",
        "f2f2ef b9babc 7a7c80 46484d 1c1d20 d8d8d4",
    ),
    _palette(
        "teal",
        "06262e 0b4a52 158078 5cb8a0 cfe8c4",
        "ffe9b0 2f7f80 05202a",
        "12908a f4a261 e76f51 8ecfbb 264653 fbeedb",
    ),
    _palette(
        "violet",
        "150a3a 37197a 6f36b8 b366d8 f0b0e0",
        "ffe9ff 6a3fb0 0e0628",
        "b14dff ff7ad9 5a6bff ffd36b 2a1266 f6e6ff",
        True,
    ),
    _palette(
        "bauhaus",
        "f4ead6 f4ead6 efe0c4 e9d6b4 e3cba4",
        "f6c51a 1e5fb3 1c1c1a",
        "e5432f f6c51a 1f5fb0 1f8a70 f29bb4 1c1c1a f4ead6",
    ),
)
PALETTES = {palette.name: palette for palette in _ALL}

MOODS = {
    "dawn": "dawn sunrise daybreak morning peach pastel gentle hopeful",
    "sunset": "sunset golden-hour evening ember glowing romantic",
    "noon": "noon day daytime sunny midday bright cheerful clear summer happy",
    "dusk": "dusk twilight gloaming blue-hour calm quiet melancholy",
    "night": "night midnight nocturnal moonlit moonlight dark starry stars nighttime",
    "aurora": "aurora borealis northern-lights polar magical mystic",
    "neon": "neon cyberpunk synthwave vaporwave outrun retrowave electric futuristic 80s",
    "candy": "candy pastel sweet kawaii cute bubblegum playful toy",
    "gold": "gold golden amber honey sand sandy warm desert luxury autumn fall",
    "ocean": "ocean tropical lagoon azure aqua caribbean underwater",
    "forest": "forest mossy jungle natural spring leafy lush meadow",
    "winter": "winter snowy frozen ice icy arctic frost cold snow glacier",
    "sakura": "sakura blossom japanese zen kyoto delicate",
    "fire": "fire lava volcanic volcano inferno burning hell flames molten dragon",
    "storm": "storm stormy thunder gloomy moody cloudy overcast rain rainy dramatic",
    "sepia": "sepia vintage antique nostalgic old retro faded",
    "mono": "monochrome black-and-white grayscale greyscale noir charcoal",
    "teal": "teal turquoise kintsugi",
    "violet": "dream dreamy cosmic galaxy surreal psychedelic fantasy",
    "bauhaus": "bauhaus primary",
}
HUES = {
    "red": 0.0,
    "crimson": 0.97,
    "scarlet": 0.01,
    "ruby": 0.96,
    "rust": 0.04,
    "orange": 0.07,
    "copper": 0.06,
    "yellow": 0.14,
    "lemon": 0.15,
    "lime": 0.23,
    "green": 0.34,
    "emerald": 0.39,
    "jade": 0.42,
    "mint": 0.44,
    "teal": 0.49,
    "turquoise": 0.48,
    "cyan": 0.51,
    "aqua": 0.5,
    "blue": 0.6,
    "azure": 0.57,
    "cobalt": 0.61,
    "navy": 0.63,
    "indigo": 0.68,
    "violet": 0.74,
    "purple": 0.77,
    "lavender": 0.73,
    "lilac": 0.77,
    "plum": 0.83,
    "magenta": 0.86,
    "fuchsia": 0.87,
    "pink": 0.92,
    "rose": 0.95,
    "burgundy": 0.95,
    "maroon": 0.97,
}


def turned(palette: Palette, turn: float) -> Palette:
    """The palette with every hue moved by `turn` of the circle."""
    return _mapped(palette, lambda hue, light, sat: ((hue + turn) % 1, light, sat))


def tinted(palette: Palette, hue: float, share: float = 0.75) -> Palette:
    """The palette drawn towards one hue; light and dark stay where they were."""

    def towards(old: float, light: float, sat: float) -> HLS:
        own = np.array(colorsys.hls_to_rgb(old, light, sat))
        asked = np.array(colorsys.hls_to_rgb(hue, light, min(1.0, sat * 0.75 + 0.22)))
        return colorsys.rgb_to_hls(*(own + (asked - own) * share).tolist())

    return _mapped(palette, towards)


def _mapped(palette: Palette, change: Callable[[float, float, float], HLS]) -> Palette:
    def one(colour: Array) -> Array:
        changed = change(*colorsys.rgb_to_hls(*colour.tolist()))
        return np.array(colorsys.hls_to_rgb(*changed), np.float32)

    return replace(
        palette,
        sky=tuple(map(one, palette.sky)),
        light=palette.light * 0.7 + one(palette.light) * 0.3,
        far=one(palette.far),
        near=one(palette.near),
        accents=tuple(map(one, palette.accents)),
    )
