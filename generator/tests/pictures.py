"""Small pictures for tests, and how to tell whether two look alike."""

import io

from PIL import Image, ImageChops

from generator.images import CheckedImage


def picture(mode: str = "RGB", size: tuple[int, int] = (48, 32)) -> Image.Image:
    """A picture whose four corners differ, so that turning and mirroring show."""
    drawn = Image.linear_gradient("L").resize(size)
    other = drawn.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    flat = Image.new("L", size, 200)
    flat.paste(20, (0, 0, size[0] // 2, size[1] // 2))
    return Image.merge("RGB", (drawn, other, flat)).convert(mode)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(checked: CheckedImage) -> Image.Image:
    image = Image.open(io.BytesIO(checked.data))
    image.load()
    return image


def differs(one: Image.Image, other: Image.Image) -> int:
    """The largest difference of any channel of any pixel."""
    difference = ImageChops.difference(one.convert("RGB"), other.convert("RGB"))
    return max(int(band.getextrema()[1]) for band in difference.split())  # type: ignore[arg-type]
