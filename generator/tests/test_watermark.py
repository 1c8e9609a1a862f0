"""What a watermark promises: legible on any background, inside the picture, whatever it says."""

import io

import pytest
from PIL import Image, ImageChops, ImageStat

from generator.images import finish_result
from generator.tests.pictures import encoded
from generator.watermark import draw_watermark

TEXTS = [
    "© 2026",
    "W" * 64,
    "a b " * 16,
    "Ann's studio, all rights reserved: nanobanana.example 2026",
    "кот в шляпе",
    "Füchse & Zoë — naïve café",
    "狐",
    "مرحبا",
    "\u202eevil\u202c \x00\n\t line",
]


def changed(before: Image.Image, after: Image.Image) -> tuple[int, int, int, int] | None:
    return ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox()


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("size", [(1024, 1024), (200, 150), (1536, 300), (90, 700), (16, 16)])
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_it_stands_in_the_bottom_right_corner_of_an_image_of_the_same_size(text, size, mode):
    before = Image.new(mode, size, "white")
    after = draw_watermark(before, text)
    assert (after.size, after.mode) == (size, mode)
    left, top, right, bottom = changed(before, after)
    assert (right, bottom) == size
    if min(size) >= 150:
        assert (bottom - top) * 2 <= size[1]


@pytest.mark.parametrize("text", TEXTS[:4])
def test_a_picture_of_a_usual_size_shows_every_letter(text):
    """The letters stay off the plate's edges, so none is cut."""
    before = Image.new("RGB", (512, 512), "black")
    letters = changed(before, draw_watermark(before, text))
    assert letters[0] > 0
    assert letters[2] < 512
    assert letters[3] < 512


@pytest.mark.parametrize("colour", ["white", "black", "red", "yellow", "grey", "cyan", "#808080"])
def test_letters_and_plate_differ_on_any_background(colour):
    marked = draw_watermark(Image.new("RGB", (512, 512), colour), "MMMMMMMM")
    band = marked.convert("L").crop((380, 490, 512, 512))
    dark, light = band.getextrema()
    assert _contrast(light, dark) > 4.5


def _contrast(light: int, dark: int) -> float:
    """Return WCAG's contrast of two greys."""
    one, other = (((v / 255 + 0.055) / 1.055) ** 2.4 for v in (light, dark))
    return (one + 0.05) / (other + 0.05)


def test_it_covers_little_of_a_usual_picture():
    before = Image.new("RGB", (1024, 1024), "white")
    after = draw_watermark(before, "© 2026 Ann")
    assert ImageStat.Stat(ImageChops.difference(before, after).convert("1")).mean[0] < 255 * 0.03


@pytest.mark.parametrize("text", ["", "   ", "\x00\u200b\n"])
def test_a_watermark_without_letters_changes_nothing(text):
    before = Image.new("RGB", (64, 64), "white")
    assert changed(before, draw_watermark(before, text)) is None


def test_the_given_picture_is_left_alone():
    before = Image.new("RGB", (64, 64), "white")
    draw_watermark(before, "mine")
    assert before.getcolors() == [(64 * 64, (255, 255, 255))]


def test_a_result_is_marked_after_it_was_brought_to_size():
    data = encoded(Image.new("RGB", (2000, 1000), "white"), "PNG")
    plain, marked = (finish_result(data, 256, 256, mark) for mark in (None, "© Ann"))
    images = [Image.open(io.BytesIO(result.data)) for result in (plain, marked)]
    assert images[1].size == (256, 256)
    assert changed(*images)[2:] == (256, 256)
