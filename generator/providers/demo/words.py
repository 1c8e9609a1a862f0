"""The one place that reads a prompt: which scene, subject, palette, weather, style and layout
its words ask for.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass

import numpy as np

from generator.providers.demo.palettes import HUES, MOODS, PALETTES, Palette, tinted, turned

SCENES = {
    "mountains": (
        "mountain mountains alps alpine peak peaks summit himalaya ridge valley landscape "
        "hike everest cliff canyon ⛰ 🏔 🗻"
    ),
    "sea": (
        "sea ocean wave waves beach coast horizon sail sailboat boat ship yacht surf bay "
        "island tropical 🌊 ⛵ 🏖"
    ),
    "dunes": "dune dunes desert sahara sand sandy oasis camel mars martian arid 🏜 🐪",
    "aurora": "aurora borealis northern-lights polar arctic tundra iceland lapland norway 🌌",
    "forest": (
        "forest woods wood pine pines trees jungle woodland deer stag mist misty fairy elf "
        "path 🌲 🌳"
    ),
    "lake": "lake pond moonlit reflection mirror fjord glacier moon loch wolf 🌕 🌙",
    "city": (
        "city skyline skyscraper tokyo york street urban downtown cyberpunk building tower "
        "hong kong shanghai metropolis car cars traffic 🏙 🌃"
    ),
    "planet": (
        "planet space saturn jupiter ringed orbit astronaut spaceship rocket alien asteroid "
        "sci-fi scifi satellite 🪐 🚀"
    ),
    "galaxy": (
        "galaxy spiral nebula cosmos universe milky stardust constellation supernova cosmic "
        "blackhole vortex ✨"
    ),
    "village": (
        "village town isometric houses house cottage hamlet settlement castle home farm barn "
        "kingdom 🏠 🏡 🏘"
    ),
    "lighthouse": "lighthouse beacon harbor harbour pier shore lantern 🗼",
    "banana": "banana bananas plinth pedestal podium nano nanobanana 🍌",
    "spheres": (
        "sphere spheres ball balls bubble bubbles balloon balloons candy glossy 3d clay toy "
        "marbles blob render product bottle perfume 🎈 🔮"
    ),
    "fruit": (
        "apple apples orange oranges fruit fruits lemon lemons peach peaches cherry cherries "
        "tomato food still-life bowl breakfast cake coffee cup 🍎 🍊 🍋"
    ),
    "sakura": (
        "sakura blossom blossoms cherry-blossom cherry-tree tree japan japanese kyoto bonsai "
        "zen garden spring temple samurai 🌸"
    ),
    "sunflower": (
        "sunflower flower flowers daisy dahlia petal petals rose roses bouquet lotus mandala "
        "bloom tulip 🌻 🌷 🌹 🌺"
    ),
    "stained": "stained-glass stained glass mosaic cathedral church window angel saint",
    "marble": (
        "marble kintsugi agate geode liquid fluid swirl ink paint abstract texture smoke lava "
        "volcano dragon fire 🔥 🐉"
    ),
    "silk": (
        "silk ribbon ribbons strands thread flow music dance motion wind energy dream fabric "
        "phoenix 🎵"
    ),
    "tiles": (
        "bauhaus tile tiles geometric geometry shapes quilt pattern modernist swiss logo "
        "poster art 🟦"
    ),
    "waves": "seigaiha japanese-wave wave-pattern scales wallpaper fan fish mermaid koi 🐟",
    "contour": "contour topographic map topography terrain cartography atlas elevation treasure 🗺",
    "fractal": (
        "fractal julia mandelbrot coral mathematics infinite recursion math psychedelic brain "
        "octopus"
    ),
    "outrun": "outrun synthwave retrowave vaporwave grid 80s arcade delorean racing disco game",
    "hills": (
        "hills hill tuscany tuscan countryside field fields meadow vineyard farmland cypress "
        "prairie pasture horse cow sheep picnic 🌄"
    ),
    "lowpoly": "lowpoly low-poly polygon polygonal origami paper facet faceted papercraft",
    "cat": (
        "cat cats kitten kitty feline pet animal dog puppy fox portrait person woman man girl "
        "boy face 🐱 🐈 😺 🐶"
    ),
    "robot": "robot android droid cyborg mech machine automaton bot 🤖",
    "balloons": (
        "hot-air hot-air-balloon airship cappadocia zeppelin dirigible kite festival flying "
        "sky cloud clouds bird birds"
    ),
}
WEATHERS = {
    "snow": "snow snowy snowing snowfall blizzard snowflake winter ❄ ☃",
    "rain": "rain rainy raining downpour drizzle storm stormy thunderstorm 🌧 ☔",
    "fog": "fog foggy mist misty haze hazy smoky 🌫",
    "stars": "stars starry star starlight constellation ⭐ 🌟",
    "petals": "petals confetti leaves falling",
    "fireflies": "fireflies firefly sparks embers magic magical glowing",
    "birds": "bird birds seagull seagulls flock geese eagle crow",
}
NUMBERS = {
    "one": 1,
    "single": 1,
    "two": 2,
    "pair": 2,
    "couple": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "dozen": 12,
    "many": 9,
    "several": 5,
    "few": 3,
    "crowd": 12,
}
SIZES = {
    0.68: "tiny small little mini nano miniature distant far",
    1.35: "big large huge giant enormous massive colossal close-up closeup macro",
}
STYLES = {
    "artistic": (
        "painting painted painterly oil watercolor watercolour impressionist brush gouache "
        "artistic monet"
    ),
    "realistic": "photo photograph photorealistic realistic cinematic 35mm dslr photography 8k hdr",
    "anime": "anime manga ghibli cartoon cel-shaded comic",
}
FITTING = {
    "mountains": "dawn sunset dusk noon winter",
    "sea": "sunset dusk dawn ocean",
    "dunes": "gold sunset dusk noon",
    "aurora": "aurora",
    "forest": "forest dawn teal gold",
    "lake": "night dusk winter",
    "city": "neon dusk night",
    "planet": "violet night fire aurora",
    "galaxy": "violet neon aurora fire",
    "village": "dusk noon candy night",
    "lighthouse": "dusk sunset night",
    "banana": "teal candy ocean violet",
    "spheres": "candy sakura violet ocean",
    "fruit": "gold candy forest",
    "sakura": "sakura dawn candy",
    "sunflower": "gold teal fire sakura violet",
    "stained": "sunset candy aurora noon",
    "marble": "teal violet ocean fire gold",
    "silk": "neon violet fire aurora",
    "tiles": "bauhaus candy noon",
    "waves": "ocean teal sakura night",
    "contour": "teal gold forest sunset",
    "fractal": "fire teal violet aurora",
    "outrun": "neon",
    "hills": "noon gold forest dawn",
    "lowpoly": "noon dawn dusk",
    "cat": "dusk sunset night candy",
    "robot": "teal candy gold ocean",
    "balloons": "dawn noon candy sunset",
}
TIMES = frozenset({"dawn", "sunset", "noon", "dusk", "night", "mono", "neon", "aurora"})
_SPLIT = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


def _index(groups: dict[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, words in groups.items():
        for word in words.split():
            found.setdefault(word, []).append(name)
    return found


_SCENE_BY_WORD, _MOOD_BY_WORD = _index(SCENES), _index(MOODS)
_WEATHER_BY_WORD, _STYLE_BY_WORD = _index(WEATHERS), _index(STYLES)


def spoken(prompt: str) -> list[str]:
    """The prompt's words in order: normalised, lower case, with pairs ("low-poly") and emoji as
    words of their own.
    """
    text = unicodedata.normalize("NFKC", prompt).casefold()[:5000]
    plain = _SPLIT.findall(text)
    pairs = [f"{a}-{b}" for a, b in zip(plain, plain[1:], strict=False)]
    triples = [f"{a}-{b}-{c}" for a, b, c in zip(plain, plain[1:], plain[2:], strict=False)]
    signs = [c for c in text if unicodedata.category(c) == "So"]
    return plain + pairs + triples + signs


def _singular(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def _score(words: list[str], table: dict[str, list[str]]) -> dict[str, float]:
    """How strongly the words ask for each name: earlier words and longer phrases count more."""
    scores: dict[str, float] = {}
    for place, word in enumerate(words):
        names = table.get(word) or table.get(_singular(word)) or ()
        for rank, name in enumerate(names):
            worth = (1 + 2 * word.count("-")) * (1 - 0.02 * min(place, 30)) - 0.05 * rank
            scores[name] = scores.get(name, 0) + worth
    return scores


def _best(scores: dict[str, float]) -> str | None:
    return max(scores, key=lambda name: scores[name]) if scores else None


@dataclass(frozen=True)
class Wish:
    """What a prompt asks for, ready to paint. `salt` is the number all chance in the picture
    comes from.
    """

    scene: str
    palette: Palette
    weather: frozenset[str]
    style: str
    words: tuple[str, ...]
    count: int | None
    size: float
    salt: int

    def rng(self, purpose: str) -> np.random.Generator:
        """Chance for one purpose: the same wish always throws the same dice."""
        return np.random.default_rng([self.salt, *purpose.encode()])

    def has(self, *words: str) -> bool:
        """Whether the prompt holds one of these words."""
        return any(word in self.words for word in words)


def read(prompt: str, style: str | None, seed: int | None, index: int, extra: str = "") -> Wish:
    """The wish behind a prompt. `extra` is any other parameter that should change the picture."""
    words = spoken(prompt)
    text = " ".join(_SPLIT.findall(unicodedata.normalize("NFKC", prompt).casefold())) or prompt
    key = "\x1f".join((text, str(seed), str(index), extra)).encode("utf-8", "surrogatepass")
    salt = int.from_bytes(hashlib.sha256(key).digest()[:8], "big")
    dice = np.random.default_rng([salt, 1])
    scene = _best(_score(words, _SCENE_BY_WORD)) or str(dice.choice(sorted(SCENES)))
    return Wish(
        scene=scene,
        palette=_palette(words, scene, dice),
        weather=frozenset(_score(words, _WEATHER_BY_WORD)),
        style=_style(style, words),
        words=tuple(words),
        count=_count(words),
        size=next((size for size, names in SIZES.items() if set(names.split()) & set(words)), 1.0),
        salt=salt,
    )


def _palette(words: list[str], scene: str, dice: np.random.Generator) -> Palette:
    moods = _score(words, _MOOD_BY_WORD)
    hues = [HUES[word] for word in words if word in HUES]
    if hues:
        moods.pop("gold", None)
    mood = _best({name: worth * (2.0 if name in TIMES else 1.0) for name, worth in moods.items()})
    fitting = str(dice.choice(FITTING[scene].split()))
    palette = turned(PALETTES[mood or fitting], float(dice.uniform(-0.025, 0.025)))
    if not hues or palette.name in words or mood == "bauhaus":
        return palette
    share = 0.75 if mood is None else 0.3
    return tinted(palette, hues[0], share if len(hues) == 1 else share * 0.6)


def _style(style: str | None, words: list[str]) -> str:
    if style and style.casefold() in {"artistic", "realistic", "anime", "none"}:
        return style.casefold()
    return _best(_score(words, _STYLE_BY_WORD)) or "natural"


def _count(words: list[str]) -> int | None:
    for word in words:
        if word in NUMBERS:
            return NUMBERS[word]
        if word.isdecimal() and 1 <= int(word[:3]) <= 12:
            return int(word[:3])
    return None
