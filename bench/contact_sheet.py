"""The program that paints the contact sheet of provider `demo`: 24 prompts, each with its caption.

Run it from the project's folder: python -m bench.contact_sheet [file]
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from generator.providers.demo.painting import picture
from generator.providers.demo.words import read

PROMPTS = (
    "layered blue mountains at dawn, pines in front",
    "ocean sunset with a small sailboat",
    "golden sand dunes in low evening light",
    "green aurora over snowy pines",
    "full moon over a still alpine lake",
    "neon city skyline at night, reflected in water",
    "a ringed planet and two moons in violet space",
    "spiral galaxy, cosmic dust",
    "isometric village with a river at dusk",
    "the last lighthouse, dusk over a calm sea",
    "a ripe banana on a plinth, teal studio",
    "three floating bananas, candy colours",
    "glossy candy spheres on a pale floor",
    "still life with four apples, window light",
    "cherry blossom tree before a red sun",
    "a sunflower grown by the golden angle",
    "stained glass sunrise",
    "teal and plum marble with veins of gold",
    "bauhaus tiles, primary colours",
    "blue seigaiha wave pattern with gold",
    "outrun sun over a neon grid",
    "a cat in front of a huge moon, starry night",
    "a small friendly robot, orange",
    "hot air balloons over misty hills at sunrise",
)
COLUMNS, SIDE, CAPTION, GAP = 6, 300, 44, 12
PAPER, INK = (251, 250, 246), (27, 24, 18)


def sheet() -> Image.Image:
    """All prompts in rows of six, captions below the pictures."""
    rows = -(-len(PROMPTS) // COLUMNS)
    size = (COLUMNS * (SIDE + GAP) + GAP, rows * (SIDE + CAPTION + GAP) + GAP)
    page = Image.new("RGB", size, PAPER)
    pen, font = ImageDraw.Draw(page), ImageFont.load_default(13)
    for number, prompt in enumerate(PROMPTS):
        left = GAP + number % COLUMNS * (SIDE + GAP)
        top = GAP + number // COLUMNS * (SIDE + CAPTION + GAP)
        painted = picture(read(prompt, None, None, 0), 1024, 1024)
        page.paste(painted.resize((SIDE, SIDE), Image.Resampling.LANCZOS), (left, top))
        pen.multiline_text((left + 2, top + SIDE + 5), _wrapped(prompt, font), INK, font, spacing=3)
    return page


def _wrapped(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        lines = [*lines[:-1], longer] if font.getlength(longer) < SIDE - 6 else [*lines, word]
    return "\n".join(lines)


def main() -> None:
    """Paint the sheet into the named file (docs/contact-sheet.webp when none is named)."""
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/contact-sheet.webp")
    sheet().save(target, quality=82, method=6)
    print(f"{target}: {target.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main()
