"""The program that prints what a picture of provider `demo` costs: CPU time by scene and size.

Run it from the project's folder: python -m bench.demo [rounds]
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import replace

from generator.providers.base import InputImage, Order
from generator.providers.demo.painting import SCENES, encoded, paint, picture
from generator.providers.demo.words import read

SIZES = ((512, 512), (1024, 1024), (1344, 768), (768, 1344), (1536, 1536), (2048, 2048))
EDITS = (
    "watercolour",
    "pencil sketch",
    "oil painting",
    "anime",
    "neon",
    "blur",
    "rotate 20 degrees",
)


def cpu(work: Callable[[], object], rounds: int) -> float:
    """Median CPU milliseconds of one call, after a first one that is not counted."""
    work()
    spent = []
    for _ in range(rounds):
        begun = time.process_time()
        work()
        spent.append((time.process_time() - begun) * 1000)
    return statistics.median(spent)


def scenes(rounds: int) -> None:
    """Each scene at 1024 x 1024: painting, packing as PNG, and the file's size."""
    print(f"{'scene at 1024x1024':20} {'paint':>8} {'png':>8} {'both':>8} {'KB':>7}")
    totals = []
    for name in sorted(SCENES):
        wish = replace(read(f"{name} in summer", None, 1, 0), scene=name)
        image = picture(wish, 1024, 1024)
        painting = cpu(lambda wish=wish: picture(wish, 1024, 1024), rounds)  # type: ignore[misc]
        packing = cpu(lambda image=image: encoded(image), rounds)  # type: ignore[misc]
        totals.append(painting + packing)
        size = len(encoded(image)) // 1024
        print(f"{name:20} {painting:8.0f} {packing:8.0f} {totals[-1]:8.0f} {size:7}")
    print(f"{'median / worst':20} {statistics.median(totals):26.0f} / {max(totals):.0f}\n")


def sizes(rounds: int) -> None:
    """One order from start to PNG at several sizes."""
    print(f"{'mountains at dawn':20} {'order to png':>17}")
    for width, height in SIZES:
        order = Order("a1", "demo", "demo", "text-to-image", "mountains at dawn", width, height)
        print(f"{width:9} x {height:<8} {cpu(lambda order=order: paint(order), rounds):17.0f}")  # type: ignore[misc]
    print()


def edits(rounds: int) -> None:
    """One edit of a 1024 x 1024 picture, from its file to the new PNG."""
    source = InputImage(encoded(picture(read("lighthouse", None, 1, 0), 1024, 1024)), "image/png")
    print(f"{'edit at 1024x1024':20} {'file to png':>17}")
    for prompt in EDITS:
        order = Order("a1", "demo", "demo", "image-to-image", prompt, images=(source,))
        print(f"{prompt:20} {cpu(lambda order=order: paint(order), rounds):17.0f}")  # type: ignore[misc]


def main() -> None:
    """Print all three tables; CPU milliseconds, median of `rounds` (3)."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 3
    scenes(rounds)
    sizes(rounds)
    edits(rounds)


if __name__ == "__main__":
    main()
