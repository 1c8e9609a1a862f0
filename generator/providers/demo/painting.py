"""The one place where an order becomes a picture: painted from its prompt, or its images edited
as it asks.
"""

from __future__ import annotations

import io
from collections.abc import Callable

from PIL import Image

from generator.providers.base import Order
from generator.providers.demo import (
    animals,
    bananas,
    city,
    edits,
    flows,
    ground,
    land,
    lighthouse,
    machines,
    north,
    objects,
    outrun,
    paper,
    patterns,
    plants,
    space,
    styles,
    village,
    water,
    weather,
)
from generator.providers.demo.raster import grained
from generator.providers.demo.words import Wish, read

Scene = Callable[[Wish, int, int], Image.Image]
SCENES: dict[str, Scene] = {
    "mountains": land.mountains,
    "dunes": ground.dunes,
    "hills": ground.hills,
    "lowpoly": paper.lowpoly,
    "sea": water.sea,
    "lake": water.lake,
    "lighthouse": lighthouse.lighthouse,
    "aurora": north.aurora,
    "forest": north.forest,
    "city": city.city,
    "outrun": outrun.outrun,
    "planet": space.planet,
    "galaxy": space.galaxy,
    "village": village.village,
    "banana": bananas.banana,
    "spheres": objects.spheres,
    "fruit": objects.fruit,
    "sakura": plants.sakura,
    "sunflower": plants.sunflower,
    "tiles": patterns.tiles,
    "waves": patterns.waves,
    "stained": patterns.stained,
    "contour": patterns.contour,
    "marble": flows.marble,
    "silk": flows.silk,
    "fractal": flows.fractal,
    "cat": animals.cat,
    "robot": machines.robot,
    "balloons": machines.balloons,
}
LARGEST, SMALLEST = 2048, 256


def picture(wish: Wish, width: int, height: int) -> Image.Image:
    """The wish painted at exactly width x height pixels."""
    w, h = _easel(width, height)
    image = SCENES[wish.scene](wish, w, h)
    image = styles.finished(weather.weathered(image, wish), wish)
    if (w, h) != (width, height):
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    return image if wish.style == "none" else grained(image)


def _easel(width: int, height: int) -> tuple[int, int]:
    """The size it is painted at: as asked within limits, else scaled to them."""
    scale = min(1.0, LARGEST / max(width, height))
    scale = (
        max(scale, SMALLEST / min(width, height))
        if min(width, height) * scale < SMALLEST
        else scale
    )
    scale = (
        min(scale, LARGEST / max(width, height))
        if max(width, height) * scale > LARGEST * 2
        else scale
    )
    return max(8, round(width * scale)), max(8, round(height * scale))


def _extras(order: Order) -> str:
    """Every other parameter that should change the picture, as text."""
    told = (
        order.model,
        order.negative_prompt,
        order.guidance,
        order.steps,
        order.quality,
        order.resolution,
    )
    return "\x1f".join("" if value is None else str(value) for value in told)


def paint(order: Order) -> bytes:
    """The order's picture as PNG. Raises Refused for an input image that cannot be read."""
    width, height = max(1, order.width), max(1, order.height)
    wish = read(order.prompt, order.style, order.seed, order.index, _extras(order))
    if order.images:
        mask = order.mask.data if order.mask else None
        files = [i.data for i in order.images]
        image = edits.edited(files, order.prompt, wish, width, height, mask)
    else:
        image = picture(wish, width, height)
    return encoded(image)


def encoded(image: Image.Image) -> bytes:
    """An image as PNG, packed quickly rather than tightly."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()
