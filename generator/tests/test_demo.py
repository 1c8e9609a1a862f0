"""What provider `demo` promises: sizes, sameness, difference by words, believable waiting, no
crash on any prompt.
"""

from __future__ import annotations

import io
import itertools
from typing import Any

import httpx
import numpy as np
import pytest
from PIL import Image

from generator.providers.base import Done, Failed, NotAccepted, Order, Refused, Unknown, Waiting
from generator.providers.demo import DESCRIPTION, Demo, delay_range, progress
from generator.providers.demo.painting import SCENES, paint, picture
from generator.providers.demo.words import SCENES as SCENE_WORDS
from generator.providers.demo.words import read

PROMPTS = (
    "mountains at dawn",
    "ocean sunset",
    "sand dunes",
    "aurora over pines",
    "moonlit lake",
    "neon city at night",
    "ringed planet",
    "spiral galaxy",
    "village by a river",
    "lighthouse",
    "banana on a plinth",
    "glossy spheres",
    "red apples",
    "cherry blossom",
    "sunflower",
    "stained glass",
    "marble with gold",
    "bauhaus tiles",
    "seigaiha pattern",
    "synthwave grid",
    "black cat",
    "friendly robot",
    "hot air balloon",
    "julia fractal",
)


def demo(delay: str = "0") -> Demo:
    """The provider with a wire that must never be used."""

    def refuse(request: httpx.Request) -> httpx.Response:
        raise AssertionError("the demo called somebody")

    wire: Any = httpx.Client(transport=httpx.MockTransport(refuse))
    return Demo({"delay": delay}, wire)


def order(prompt: str = "a lake", **fields: Any) -> Order:
    """An order for a small picture."""
    values = {
        "attempt_id": "a1",
        "model": "demo",
        "upstream_model": "demo",
        "mode": "text-to-image",
        "width": 96,
        "height": 96,
    }
    return Order(prompt=prompt, **(values | fields))  # type: ignore[arg-type]


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"), dtype=np.float32)


def small(
    prompt: str, seed: int | None = None, index: int = 0, style: str | None = None
) -> np.ndarray:
    return np.asarray(picture(read(prompt, style, seed, index), 96, 96), dtype=np.float32)


def look(prompt: str) -> np.ndarray:
    """A perceptual hash: which parts are brighter than the next one, in each colour."""
    tiny = Image.fromarray(small(prompt).astype(np.uint8)).resize((9, 8), Image.Resampling.BOX)
    levels = np.asarray(tiny, dtype=np.float32)
    return (levels[:, 1:] > levels[:, :-1]).ravel()


@pytest.mark.parametrize(
    "size", [(64, 64), (320, 180), (97, 301), (40, 400), (2048, 256), (1, 1), (3000, 128)]
)
def test_a_picture_is_a_png_of_exactly_the_size_asked(size: tuple[int, int]) -> None:
    image = Image.open(io.BytesIO(paint(order(width=size[0], height=size[1]))))
    assert (image.format, image.mode, image.size) == ("PNG", "RGB", size)


@pytest.mark.parametrize("scene", sorted(SCENES))
def test_every_scene_paints_wide_and_tall(scene: str) -> None:
    word = next(
        word for word in SCENE_WORDS[scene].split() if read(word, None, None, 0).scene == scene
    )
    for width, height in ((120, 68), (68, 120)):
        image = picture(read(word, None, 3, 0), width, height)
        assert image.size == (width, height)
        assert np.asarray(image).std() > 8


def test_words_and_scenes_name_the_same_kinds() -> None:
    assert set(SCENE_WORDS) == set(SCENES)
    for scene, words in SCENE_WORDS.items():
        assert scene in {read(f"some {word}", None, None, 0).scene for word in words.split()}


def test_the_same_order_gives_the_same_bytes() -> None:
    assert paint(order("a red fox in the snow", seed=7)) == paint(
        order("a red fox in the snow", seed=7)
    )


@pytest.mark.parametrize(
    "change", [{"seed": 2}, {"index": 1}, {"prompt": "a frozen lake"}, {"steps": 12}]
)
def test_seed_slot_prompt_and_parameters_each_change_the_picture(change: dict[str, Any]) -> None:
    before, after = pixels(paint(order(seed=1))), pixels(paint(order(**({"seed": 1} | change))))
    assert np.abs(before - after).mean() > 4


@pytest.mark.parametrize("other", ["quiet", "zorblatt", "purple", "stormy", "tiny"])
def test_one_other_word_changes_the_picture(other: str) -> None:
    assert np.abs(small("a wide mountain valley") - small(f"a {other} mountain valley")).mean() > 4


def test_no_two_of_24_prompts_look_alike() -> None:
    looks = [look(prompt) for prompt in PROMPTS]
    assert min(int((a != b).sum()) for a, b in itertools.combinations(looks, 2)) >= 20


def test_every_style_renders_the_same_scene_differently() -> None:
    drawn = [
        small("mountains at dawn", style=style)
        for style in ("natural", "artistic", "realistic", "anime", "none")
    ]
    assert min(np.abs(a - b).mean() for a, b in itertools.combinations(drawn, 2)) > 2


def test_night_is_darker_than_noon_and_blue_is_bluer_than_red() -> None:
    assert small("mountains at night").mean() < small("mountains at noon").mean() - 30
    blue, red = small("blue marble").mean(axis=(0, 1)), small("red marble").mean(axis=(0, 1))
    assert blue[2] - blue[0] > red[2] - red[0] + 20


@pytest.mark.parametrize(
    "prompt",
    [
        "",
        " ",
        "🦖" * 40,
        "\u200b\u200d\ufeff",
        "مدينة في الليل",
        "\x00\x01",
        "a" * 5000,
        "sea " * 1250,
        "𝕾𝖊𝖆",
        "\ud800",
        "%s{}\\",
        "１２",
        "0 1 999999",
    ],
)
def test_no_prompt_is_too_strange_to_paint(prompt: str) -> None:
    assert pixels(paint(order(prompt))).shape == (96, 96, 3)


def test_unknown_prompts_still_differ() -> None:
    assert np.abs(small("qwertz") - small("uiopü")).mean() > 4


def test_it_waits_first_and_is_done_later_with_a_free_png() -> None:
    provider = demo("0")
    waiting = provider.start(order())
    done = provider.poll(order(), waiting.remote_id)
    assert isinstance(done, Done)
    assert not done.cost
    assert done.files[0].content_type == "image/png"
    assert done.files[0].data == paint(order())


def test_another_process_goes_on_with_nothing_but_the_remote_id() -> None:
    waiting = demo("0").start(order())
    assert isinstance(demo("60").poll(order(), waiting.remote_id), Done)


def test_progress_only_grows_eases_out_and_stops_short_of_the_end() -> None:
    steps = [progress(second / 10, 2.0) for second in range(21)]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 99)
    assert steps[10] > 55


def test_an_order_under_way_tells_its_progress_and_when_to_ask_again() -> None:
    provider = demo("60")
    waiting = provider.start(order())
    later = provider.poll(order(), waiting.remote_id)
    assert isinstance(later, Waiting)
    assert 0 < later.seconds <= 0.4
    assert later.progress is not None
    assert later.remote_id == waiting.remote_id


def test_it_can_be_canceled_only_before_it_is_ready() -> None:
    slow, quick = demo("60"), demo("0")
    assert slow.cancel(order(), slow.start(order()).remote_id) is True
    assert quick.cancel(order(), quick.start(order()).remote_id) is False


def test_a_lost_order_is_found_again() -> None:
    assert isinstance(demo().lookup(order()), Waiting)


def test_the_delay_is_fixed_by_the_attempt() -> None:
    provider = demo("1-9")
    lengths = []
    for attempt in ("a1", "a1", "a2"):
        _, begun, ready = provider.start(order(attempt_id=attempt)).remote_id.split("-")
        lengths.append(int(ready) - int(begun))
    assert abs(lengths[0] - lengths[1]) <= 1
    assert abs(lengths[0] - lengths[2]) > 1
    assert all(1000 <= length <= 9001 for length in lengths)


@pytest.mark.parametrize(("setting", "ends"), [("0", (0, 0)), ("0.8-2", (0.8, 2)), (" 3 ", (3, 3))])
def test_the_delay_setting_is_a_number_or_a_range(setting: str, ends: tuple[float, float]) -> None:
    assert delay_range(setting) == ends


@pytest.mark.parametrize("setting", ["fast", "2-1", "-1", "inf"])
def test_a_senseless_delay_is_an_error(setting: str) -> None:
    with pytest.raises(ValueError, match="."):
        delay_range(setting)


def test_markers_show_what_goes_wrong() -> None:
    provider = demo()
    with pytest.raises(Refused) as refusal:
        provider.start(order("[refuse] a cat"))
    assert refusal.value.code == "content_policy_violation"
    waiting = provider.start(order("[fail] a cat"))
    with pytest.raises(Failed):
        provider.poll(order("[fail] a cat"), waiting.remote_id)
    assert isinstance(
        provider.poll(order("[slow]"), provider.start(order("[slow]")).remote_id), Waiting
    )
    assert provider.start(order("[never]")).remote_id.endswith("-never")
    assert isinstance(provider.poll(order("[never]"), "demo-1-never"), Waiting)


def test_video_and_foreign_ids_are_not_its_business() -> None:
    with pytest.raises(NotAccepted):
        demo().start(order(mode="text-to-video"))
    with pytest.raises(Unknown):
        demo().poll(order(), "task_google_1")


def test_it_says_that_it_is_a_stand_in() -> None:
    assert Demo.label == "demo"
    assert "stand-in" in DESCRIPTION
    assert "No AI" in DESCRIPTION
