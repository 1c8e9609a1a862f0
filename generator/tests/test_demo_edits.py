"""What provider `demo` promises of given images: every edit measurably does what the prompt
says.
"""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from generator.providers.base import InputImage, Order, Refused
from generator.providers.demo.asks import asked
from generator.providers.demo.edits import EDITS
from generator.providers.demo.lettering import printable
from generator.providers.demo.painting import paint


def photo(size: tuple[int, int] = (120, 120), sky: str = "#5b8fd0", land: str = "#3f7a3a") -> bytes:
    """A sky, some land, a red house on the left and fine grass."""
    image = Image.new("RGB", size, sky)
    pen = ImageDraw.Draw(image)
    w, h = size
    pen.rectangle([0, h * 0.6, w, h], fill=land)
    pen.rectangle([w * 0.1, h * 0.3, w * 0.35, h * 0.7], fill="#c03028")
    for x in range(0, w, 4):
        pen.line([x, h * 0.75, x, h], fill="#d8d070")
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def edit(
    prompt: str, *files: bytes, width: int = 120, height: int = 120, index: int = 0
) -> np.ndarray:
    """The pixels of an edited photo."""
    images = tuple(InputImage(data, "image/png") for data in files or (photo(),))
    asked_for = Order(
        "a1", "demo", "demo", "image-to-image", prompt, width, height, images=images, index=index
    )
    return np.asarray(Image.open(io.BytesIO(paint(asked_for))), dtype=np.float32)


def plain() -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(photo())), dtype=np.float32)


def detail(pixels: np.ndarray) -> float:
    """Energy of the finest steps."""
    return float(np.abs(np.diff(pixels, axis=1)).mean())


def saturation(pixels: np.ndarray) -> float:
    return float((pixels.max(axis=2) - pixels.min(axis=2)).mean())


def test_blur_takes_detail_and_sharpen_adds_it() -> None:
    assert detail(edit("blur the background")) < 0.7 * detail(plain())
    assert detail(edit("sharpen it")) > 1.05 * detail(plain())


def test_black_and_white_has_no_colour() -> None:
    assert saturation(edit("make it black and white")) == 0


def test_vivid_and_faded_go_opposite_ways() -> None:
    assert saturation(edit("more vivid")) > saturation(plain()) > saturation(edit("faded"))


def test_brighter_darker_and_contrast_do_as_they_say() -> None:
    assert edit("brighter please").mean() > plain().mean() + 15
    assert edit("darker").mean() < plain().mean() - 15
    assert edit("more contrast").std() > plain().std() * 1.1


def test_warmer_and_cooler_move_red_against_blue() -> None:
    def balance(pixels: np.ndarray) -> float:
        return float(pixels[..., 0].mean() - pixels[..., 2].mean())

    assert balance(edit("warmer")) > balance(plain()) + 20
    assert balance(edit("cooler")) < balance(plain()) - 20


@pytest.mark.parametrize(
    ("prompt", "channel"), [("make it blue", 2), ("make it red", 0), ("turn it green", 1)]
)
def test_a_colour_word_tints_the_picture(prompt: str, channel: int) -> None:
    assert edit(prompt).mean(axis=(0, 1)).argmax() == channel


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("rotate 90 degrees", np.rot90(plain(), -1)),
        ("rotate left", np.rot90(plain(), 1)),
        ("rotate it by 180°", np.rot90(plain(), 2)),
        ("mirror it", plain()[:, ::-1]),
        ("flip it", plain()[::-1]),
        ("invert the colours", 255 - plain()),
    ],
)
def test_turning_and_inverting_are_exact(prompt: str, expected: np.ndarray) -> None:
    assert np.array_equal(edit(prompt), expected)


def test_an_odd_angle_leaves_no_empty_corner() -> None:
    turned = edit("rotate 20 degrees")
    assert min(turned[y, x].max() for y in (0, -1) for x in (0, -1)) > 40


def test_crop_shows_the_middle_larger() -> None:
    house = (edit("crop to the middle")[..., 0] > 150).sum()
    assert house > (plain()[..., 0] > 150).sum() * 0.5
    assert np.abs(edit("crop to the middle") - plain()).mean() > 10


def test_text_is_drawn_where_it_belongs_and_nowhere_else() -> None:
    change = np.abs(edit("add the text 'HELLO'") - plain()).mean(axis=2)
    assert change[70:].mean() > 10
    assert change[:50].mean() < 1
    top = np.abs(edit("write 'HELLO' at the top") - plain()).mean(axis=2)
    assert top[:40].mean() > 10 > 1 > top[80:].mean()


def test_other_words_make_other_letters_and_ask_for_nothing_else() -> None:
    assert np.abs(edit("add the text 'HELLO'") - edit("add the text 'WORLD'")).mean() > 1
    assert [(ask.name, ask.text) for ask in asked("add the text 'blur the night'")] == [
        ("text", "blur the night")
    ]


@pytest.mark.parametrize(
    "text", ["\u200b", "\u202egnp.exe", "x" * 500, "日本語のテキスト", "🦖🦖", "a\nb\tc", "é́́́́"]
)
def test_strange_lettering_is_drawn_without_harm(text: str) -> None:
    assert edit(f'add the text "{text}"').shape == (120, 120, 3)
    assert len(printable(text)) <= 122


def test_a_frame_runs_all_round() -> None:
    framed = edit("add a red frame")
    for edge in (framed[1], framed[-2], framed[:, 1], framed[:, -2]):
        assert edge.mean(axis=0)[0] > edge.mean(axis=0)[2] + 50


def test_night_is_dark_and_blue() -> None:
    night = edit("make it night")
    assert night.mean() < plain().mean() * 0.6
    assert night[..., 2].mean() > night[..., 0].mean()


def test_pixel_art_has_flat_blocks_and_few_colours() -> None:
    blocks = edit("as pixel art", width=288, height=288)
    assert len(np.unique(blocks.reshape(-1, 3), axis=0)) <= 28
    assert np.array_equal(blocks[::4], blocks[1::4])


def test_a_sketch_is_pale_and_nearly_grey() -> None:
    drawn = edit("pencil sketch", width=300, height=300)
    assert saturation(drawn) < 25
    assert drawn.mean() > plain().mean() + 30


@pytest.mark.parametrize(
    "style",
    [
        "watercolour",
        "oil painting",
        "poster",
        "anime",
        "vintage",
        "neon",
        "cyberpunk",
        "low-poly",
        "cinematic",
        "sunset",
    ],
)
def test_a_style_changes_the_picture_but_keeps_its_composition(style: str) -> None:
    styled = edit(f"{style} style")
    assert np.abs(styled - plain()).mean() > 5
    assert styled.shape == plain().shape


@pytest.mark.parametrize("weather", ["snow", "rain", "stars", "fog", "petals", "fireflies"])
def test_weather_is_laid_over_the_picture(weather: str) -> None:
    assert np.abs(edit(f"add {weather}") - plain()).mean() > 0.3


@pytest.mark.parametrize("prompt", ["", "zibbel quux", "🦖", "make it nicer"])
def test_an_unknown_ask_is_a_visible_grade_by_its_words(prompt: str) -> None:
    graded = edit(prompt)
    assert 5 < np.abs(graded - plain()).mean() < 90
    assert np.abs(graded - edit(prompt + " gnarf")).mean() > 1


def test_edits_are_made_together_and_in_a_fixed_order() -> None:
    names = [
        ask.name for ask in asked("add a frame, make it a watercolor, rotate 90 degrees and blur")
    ]
    assert names == ["rotate", "blur", "watercolour", "frame"]
    assert {ask.name for ask in asked("black and white, pencil sketch with snow")} <= set(EDITS)


def test_the_picture_covers_any_size() -> None:
    assert edit("blur", photo((300, 80)), width=64, height=128).shape == (128, 64, 3)


def test_two_pictures_stand_side_by_side() -> None:
    both = edit(
        "put them together",
        photo(sky="#000000", land="#000000"),
        photo(sky="#ffffff", land="#ffffff"),
    )
    assert both[:, 50].mean() + 60 < both[:, 75].mean()


def test_blended_pictures_share_the_sheet() -> None:
    both = edit("blend these", photo(sky="#000000"), photo(sky="#ffffff"))
    row = both[5].mean(axis=1)
    assert row[5] < row[60] < row[115]


@pytest.mark.parametrize("count", [3, 4, 5, 9])
@pytest.mark.parametrize("size", [(120, 80), (80, 120)])
def test_any_number_of_pictures_makes_a_collage(count: int, size: tuple[int, int]) -> None:
    assert edit("collage", *[photo()] * count, width=size[0], height=size[1]).shape == (
        size[1],
        size[0],
        3,
    )


def test_transparent_pictures_stand_on_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (40, 40), (255, 0, 0, 0)).save(out, "PNG")
    assert edit("mirror", out.getvalue(), width=40, height=40).min() == 255


@pytest.mark.parametrize(
    "data", [b"", b"not an image", photo()[:60], b"\x89PNG\r\n\x1a\n" + b"\0" * 40]
)
def test_an_unreadable_file_is_refused_as_the_users_to_change(data: bytes) -> None:
    with pytest.raises(Refused) as refusal:
        edit("blur", data)
    assert refusal.value.code == "invalid_image"


def test_the_same_edit_gives_the_same_bytes() -> None:
    assert np.array_equal(edit("oil painting"), edit("oil painting"))
