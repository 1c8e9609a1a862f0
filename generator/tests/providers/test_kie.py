"""KIE in particular: both path families, input shapes, uploads, odd answers."""

from __future__ import annotations

import dataclasses
import time
from unittest import mock

import pytest

from generator.providers.base import (
    Done,
    Failed,
    InputImage,
    Order,
    Refused,
    Unavailable,
    Unknown,
    Waiting,
)
from generator.providers.kie import pause
from generator.providers.kie.models import SHAPES, nearest
from generator.tests.providers.conftest import adapter
from generator.tests.providers.kie_wire import TASK, kie

ORDER = Order("attempt-1", "nano-banana", "google/nano-banana", "text", "a fox")
PNG = InputImage(b"\x89PNG first", "image/png")
JPEG = InputImage(b"\xff\xd8 second", "image/jpeg")


def record(**fields) -> dict:
    """A recordInfo answer as KIE documents it."""
    data = {
        "taskId": TASK,
        "model": "google/nano-banana-edit",
        "state": "generating",
        "param": '{"model":"google/nano-banana-edit"}',
        "resultJson": "",
        "failCode": "",
        "failMsg": "",
        "costTime": None,
        "completeTime": None,
        "createTime": 1795000000000,
        "updateTime": 1795000003100,
    }
    return {"code": 200, "msg": "success", "data": data | fields}


def born(seconds_ago: float) -> str:
    """The remote id of a task created so long ago."""
    return f"{TASK}@{(time.time() - seconds_ago) * 1000:.0f}"


def poll(answer, age: float = 1.0):
    return kie(answer).poll(ORDER, born(age))


# --- what is sent -----------------------------------------------------------------------------


def test_text_alone_goes_to_the_text_model(sim, provider):
    provider.start(dataclasses.replace(ORDER, aspect_ratio="16:9"))
    (created,) = sim.created()
    assert created.model == "google/nano-banana"
    assert created.input == {"prompt": "a fox", "output_format": "png", "image_size": "16:9"}


def test_images_go_to_the_edit_model_and_back_to_text_without_them(sim, provider):
    provider.start(dataclasses.replace(ORDER, images=(PNG,)))
    provider.start(dataclasses.replace(ORDER, upstream_model="google/nano-banana-edit"))
    assert [created.model for created in sim.created()] == [
        "google/nano-banana-edit",
        "google/nano-banana",
    ]


@pytest.mark.parametrize("model", SHAPES)
@pytest.mark.parametrize("images", [(), (PNG, JPEG)], ids=["text", "images"])
def test_every_model_gets_the_input_it_takes(model, images, sim, provider):
    provider.start(
        dataclasses.replace(ORDER, upstream_model=model, images=images, aspect_ratio="4:3")
    )
    (created,) = sim.created()
    assert len(created.input.get("image_urls") or created.input.get("image_input") or ()) == len(
        images
    )
    assert "4:3" in (created.input.get("image_size"), created.input.get("aspect_ratio"))


def test_a_resolution_is_sent_in_capitals_to_models_that_have_one(sim, provider):
    for model in ("nano-banana-2-1", "google/nano-banana"):
        provider.start(dataclasses.replace(ORDER, upstream_model=model, resolution="2k"))
    assert [created.input.get("resolution") for created in sim.created()] == ["2K", None]


@pytest.mark.parametrize(
    ("asked", "sent"),
    [("16:9", "16:9"), ("10:7", "3:2"), ("11:6", "16:9"), ("1:8", "9:16"), ("wide", "1:1")],
)
def test_a_ratio_the_model_lacks_becomes_the_nearest_it_has(asked, sent):
    assert nearest(asked, SHAPES["google/nano-banana"].ratios) == sent


@pytest.mark.parametrize("family", ["playground", "jobs"])
def test_either_path_family_is_one_setting(family, sim):
    provider = adapter(sim, url=f"{sim.url}/api/v1/{family}")
    waiting = provider.start(ORDER)
    assert isinstance(provider.poll(ORDER, waiting.remote_id), Done)
    assert sim.created()[0].path == f"/api/v1/{family}/createTask"


def test_more_images_than_the_model_takes_are_refused_before_anything_is_sent(sim, provider):
    with pytest.raises(Refused, match="at most 10 images") as caught:
        provider.start(dataclasses.replace(ORDER, images=(PNG,) * 11))
    assert caught.value.code == "invalid_input"
    assert sim.book.requests == {}


# --- what is answered -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (400, "prompt flagged by our content policy", "content_policy_violation"),
        (422, "image_size is not within the range of allowed options", "invalid_input"),
    ],
)
def test_a_refused_create_says_what_the_user_has_to_change(code, text, expected):
    with pytest.raises(Refused) as caught:
        kie({"code": code, "msg": text}).start(ORDER)
    assert caught.value.code == expected


def test_moderation_words_do_not_make_a_definite_refusal_of_an_unknown_outcome():
    with pytest.raises(Unknown):
        kie({"code": 500, "msg": "safety service: internal error"}).start(ORDER)


@pytest.mark.parametrize("code", [10**30, -7, "200", None, [200]])
def test_a_code_that_is_none_is_an_answer_nobody_can_read(code):
    with pytest.raises(Unknown, match="nobody can read"):
        kie({"code": code, "data": {"taskId": TASK}}).start(ORDER)


@pytest.mark.parametrize("data", [None, [], {}, {"taskId": 7}, {"taskId": "x" * 101}])
def test_a_create_answered_without_a_usable_id_is_unknown(data):
    with pytest.raises(Unknown):
        kie({"code": 200, "msg": "success", "data": data}).start(ORDER)


def test_a_create_is_answered_with_an_id_that_tells_its_age():
    waiting = kie({"code": 200, "msg": "success", "data": {"taskId": TASK}}).start(ORDER)
    task, _, created = waiting.remote_id.rpartition("@")
    assert (task, waiting.seconds) == (TASK, 2.0)
    assert abs(time.time() - int(created) / 1000) < 5


def test_a_task_under_way_is_waited_for_with_its_progress():
    assert poll(record(progress=40)) == Waiting(mock.ANY, 2.0, 40)
    assert poll(record(state="queuing", progress=0)).progress is None


@pytest.mark.parametrize(
    "fields",
    [
        {"resultJson": '{"resultUrls":["https://files.example-cdn.test/out/abc.png"]}'},
        {"resultJson": {"resultUrls": ["https://files.example-cdn.test/out/abc.png"]}},
        {
            "resultJson": '{"resultUrls":["https://old.test/x.png"]}',
            "response": {"resultUrls": ["https://files.example-cdn.test/out/abc.png"]},
        },
    ],
    ids=["text", "object", "response"],
)
def test_a_result_is_read_however_it_is_spelt(fields):
    done = poll(record(state="success", creditsConsumed=4, **fields))
    assert [file.url for file in done.files] == ["https://files.example-cdn.test/out/abc.png"]
    assert done.cost == 20_000


@pytest.mark.parametrize(
    ("credits", "cost"),
    [(4, 20_000), (0.5, 2_500), (0, 0), (None, None), ("4", None), (True, None), (-1, None)],
)
def test_the_cost_is_told_in_micro_dollars_where_it_is_known(credits, cost):
    urls = '{"resultUrls":["https://a.test/a.png"]}'
    done = poll(record(state="success", resultJson=urls, creditsConsumed=credits))
    assert done.cost == cost


@pytest.mark.parametrize("result", ["", None, "{}", "[]", '{"resultUrls":["file:///etc/passwd"]}'])
def test_success_without_a_usable_address_is_a_failure(result):
    with pytest.raises(Failed):
        poll(record(state="success", resultJson=result))


def test_a_new_task_may_be_invisible_for_half_a_minute_and_no_longer():
    missing = {"code": 422, "msg": "recordInfo is null", "data": None}
    assert isinstance(poll(missing, age=29), Waiting)
    with pytest.raises(Failed):
        poll(missing, age=31)


def test_a_record_of_another_task_is_not_believed():
    with pytest.raises(Unavailable):
        poll(record(taskId="someone-elses", state="success"))


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"failCode": "500", "failMsg": "Internal server error"}, Failed),
        ({"failCode": "400", "failMsg": "Your prompt was flagged by the safety system"}, Refused),
        ({"failCode": "content_policy_violation", "failMsg": None}, Refused),
        ({"failCode": None, "failMsg": None}, Failed),
    ],
)
def test_a_failed_task_is_the_users_to_change_only_when_moderation_refused_it(fields, expected):
    with pytest.raises(expected):
        poll(record(state="fail", **fields))


@pytest.mark.parametrize(("age", "seconds"), [(0, 2), (20, 2), (40, 4), (80, 8), (900, 8)])
def test_questions_become_rarer_with_age(age, seconds):
    assert pause(age) == seconds
    assert poll(record(), age=age).seconds == pytest.approx(seconds, abs=0.1)


def test_a_clock_that_was_set_back_makes_a_task_young():
    assert kie(record()).poll(ORDER, born(-3600)).seconds == 2.0


def test_an_id_without_our_note_is_still_asked_for():
    assert kie(record()).poll(ORDER, TASK).seconds == 8.0


def test_the_balance_is_told_in_micro_dollars(sim, provider):
    sim.credits = 100
    assert provider.balance() == 500_000


def test_a_balance_nobody_can_read_is_an_error():
    with pytest.raises(Unavailable):
        kie({"code": 200, "data": "plenty"}).balance()
