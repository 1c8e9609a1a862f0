"""The one place that reads what a prompt asks to be done to an image: an ordered list of edits."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from generator.providers.demo.palettes import HUES
from generator.providers.demo.words import spoken


@dataclass(frozen=True)
class Ask:
    """One edit: its name, an amount (degrees, share or hue, by edit) and the lettering, where
    it has any.
    """

    name: str
    amount: float = 0.0
    text: str = ""


# The order is the order in which the edits are made: geometry, light, colour, style, overlays,
# lettering, frame.
_WORDS = {
    "crop": "crop cropped zoom closeup close-up closer",
    "mirror": "mirror mirrored flop reverse",
    "flip": "flip flipped upside-down",
    "blur": "blur blurred blurry soft-focus defocus bokeh dreamy",
    "sharpen": "sharpen sharper sharp crisp enhance unblur detailed",
    "brighter": "brighter brighten lighten lighter bright exposure",
    "darker": "darker darken dim dimmer",
    "contrast": "contrast punchy contrasty",
    "vivid": "vivid saturated saturate vibrant colorful colourful",
    "faded": "faded fade desaturate muted pale matte",
    "warmer": "warm warmer warmth",
    "cooler": "cool cooler cold colder",
    "mono": "monochrome grayscale greyscale black-and-white b-w noir grey gray bw",
    "vintage": "vintage sepia retro old antique nostalgic polaroid",
    "invert": "invert inverted negative",
    "night": "night midnight moonlight nighttime",
    "sunset": "sunset sunrise golden-hour dusk dawn evening",
    "cyberpunk": "cyberpunk synthwave vaporwave",
    "neon": "neon glow glowing",
    "watercolour": "watercolor watercolour aquarelle wash",
    "sketch": "sketch pencil drawing charcoal line-art drawn",
    "oil": "oil painting painted impressionist brush monet gogh artistic",
    "pixel": "pixel pixelate pixelated 8-bit 8bit minecraft pixel-art",
    "poster": "poster posterize posterise pop-art screen-print warhol",
    "anime": "anime manga cartoon comic ghibli cel-shaded",
    "paper": "low-poly lowpoly polygon origami papercraft geometric faceted",
    "realistic": "cinematic film realistic hdr photograph",
    "vignette": "vignette spotlight",
    "fog": "fog foggy mist misty haze",
    "rain": "rain rainy raining",
    "snow": "snow snowy snowing winter snowfall",
    "stars": "stars starry",
    "fireflies": "fireflies sparks magic sparkles sparkle",
    "petals": "petals confetti",
    "frame": "frame framed border bordered passepartout matting",
}
MEDIA = frozenset({"watercolour", "sketch", "oil", "pixel", "poster", "anime", "paper"})
_BY_WORD = {word: name for name, words in _WORDS.items() for word in words.split()}
_QUOTED = re.compile(
    r"[\"“”«»„]([^\"“”«»„]{1,200})[\"“”«»„]|(?<!\w)['‘’]([^'‘’]{1,200})['‘’](?!\w)"
)
_LETTERED = re.compile(
    r"\b(?:text|caption|title|words?|letters|lettering|saying|says|reads|reading|write)\b[\s:]+(?:that\s+)?(?:saying|says|reads|reading)?\s*(.{1,80})",
    re.IGNORECASE,
)
_WRITES = re.compile(
    r"\b(?:text|caption|title|words?|letters|lettering|say|saying|says|reads|write|label|sign)\b",
    re.IGNORECASE,
)
_DEGREES = re.compile(r"(-?\d{1,3})\s*(?:°|deg)")
_NOT_COLOUR = re.compile(r"\b(?:remove|without|no)\s+(\w+)", re.IGNORECASE)


def asked(prompt: str) -> list[Ask]:
    """Every edit the prompt asks for, in the order they are made; empty when none of its words
    is known.
    """
    text = unicodedata.normalize("NFKC", prompt)[:5000]
    lettering, rest = _lettering(text)
    words = spoken(rest)
    names = {_BY_WORD[word] for word in words if word in _BY_WORD}
    asks = (
        [Ask("rotate", _turn(rest, words))]
        if {"rotate", "rotated", "turn"} & set(words) and _turn(rest, words)
        else []
    )
    asks += [Ask(name) for name in _WORDS if name in names and name != "frame"]
    hues = [HUES[word] for word in words if word in HUES]
    if hues and "frame" not in names:
        place = next(
            (i for i, ask in enumerate(asks) if list(_WORDS).index(ask.name) > 12)
            if "rotate" not in {a.name for a in asks}
            else iter(()),
            len(asks),
        )
        asks.insert(place, Ask("tint", hues[0]))
    if lettering:
        asks.append(Ask("text", text=lettering))
    if "frame" in names:
        asks.append(Ask("frame", hues[0] if hues else -1.0))
    return asks


def _lettering(text: str) -> tuple[str, str]:
    """The words to be drawn, and the prompt without them (so that they ask for nothing else)."""
    found = _QUOTED.search(text)
    if found and (
        _WRITES.search(text[: found.start()]) or "add" in text[: found.start()].casefold()
    ):
        return (found[1] or found[2]).strip(), text[: found.start()] + " " + text[found.end() :]
    found = _LETTERED.search(text)
    if found and re.search(r"\b(?:add|write|put|with)\b", text[: found.end()], re.IGNORECASE):
        return found[1].strip(" .\"'"), text[: found.start()]
    return "", text


def _turn(text: str, words: list[str]) -> float:
    """Degrees clockwise."""
    match = _DEGREES.search(text) or re.search(r"\b(45|90|180|270)\b", text)
    degrees = float(match[1]) if match else 90.0
    back = {"left", "counterclockwise", "anticlockwise", "counter-clockwise"} & set(words)
    return (-degrees if back else degrees) % 360
