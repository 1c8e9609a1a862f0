"""Any size: what is ordered upstream for a picture that is delivered at another size."""

import uuid

import pytest

from generator import images, orders, sizes
from generator.models import Attempt, Generation, Model, Output
from generator.tests.pictures import encoded, picture
from generator.validation import Invalid

LISTED = ["1024x1024", "1280x896", "896x1280", "1408x768", "768x1408"]


def model(**size):
    return Model(slug="m", parameters={"size": {"values": LISTED, "default": LISTED[0], **size}})


def large():
    found = model(any_size=4096)
    found.parameters["resolution"] = {"values": ["1k", "2k", "4k"], "default": "1k"}
    return found


@pytest.mark.parametrize("size", LISTED)
def test_a_listed_size_is_ordered_as_it_is(size):
    assert sizes.nearest(model(), *map(int, size.split("x"))) == {"size": size}


@pytest.mark.parametrize(
    ("width", "height", "ordered"),
    [
        (512, 512, "1024x1024"),
        (2000, 2000, "1024x1024"),
        (1792, 1024, "1408x768"),
        (300, 200, "1280x896"),
        (64, 1280, "768x1408"),
    ],
)
def test_the_nearest_shape_is_ordered(width, height, ordered):
    assert sizes.nearest(model(), width, height) == {"size": ordered}


@pytest.mark.parametrize(("side", "resolution"), [(64, "1k"), (1024, "1k"), (1025, "2k"),
                                                  (2049, "4k"), (4096, "4k")])  # fmt: skip
def test_the_smallest_resolution_that_covers_is_ordered(side, resolution):
    found = sizes.nearest(large(), side, side)
    assert found == {"size": "1024x1024", "resolution": resolution}


def test_of_two_shapes_as_near_a_standard_picture_is_chosen():
    square = model()
    square.parameters["size"]["values"] = ["512x512", "1024x1024", "1536x1536"]
    assert sizes.like(square, 90, 91) == "1024x1024"
    assert sizes.like(model(), 90, 160) == "768x1408"


def test_the_limit_is_the_models_own():
    assert sizes.limit(model()) == 1408
    assert sizes.limit(model(any_size=2048)) == 2048
    assert sizes.limit(large()) == 1408 * 4
    assert sizes.read("1408x64", model()) == (1408, 64)


@pytest.mark.parametrize("value", ["1409x64", "63x64", "1024", "1024X1024", "", None, 5, "1e3x64"])
def test_what_is_no_size_within_the_limit_is_refused_with_the_limit(value):
    with pytest.raises(Invalid) as refusal:
        sizes.read(value, model())
    assert refusal.value.code == "invalid_size"
    assert "from 64 to 1408" in refusal.value.detail


def test_the_provider_is_asked_for_the_listed_size_and_the_exact_one_is_delivered(db):
    made = Generation(
        pk=uuid.uuid4(), model="m", width=1792, height=1024, prompt="a cat", mode="text-to-image",
        parameters={"size": "1408x768"},
    )  # fmt: skip
    order = orders.build(made, Output(index=0), Attempt(), None)
    assert (order.width, order.height, order.aspect_ratio) == (1408, 768, "16:9")
    file = images.finish_result(encoded(picture(size=(1408, 768)), "PNG"), made.width, made.height)
    assert (file.width, file.height) == (1792, 1024)


@pytest.mark.parametrize("kind", ["jpeg", "webp"])
def test_a_lower_quality_is_a_smaller_file(kind):
    data = encoded(picture(size=(200, 100)), "PNG")
    found = [
        len(images.finish_result(data, None, None, output_format=kind, quality=one).data)
        for one in (0, 50, 100)
    ]
    assert found == sorted(set(found))
