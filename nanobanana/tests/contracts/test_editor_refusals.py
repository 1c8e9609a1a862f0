"""Contract D's parameters: what is taken, what is ignored and said, what is refused unpaid."""

import base64
import json
from typing import Any

import pytest

from generator.models import Generation, Upload
from generator.tests.fake_internet import listening, reply
from generator.tests.pictures import encoded, picture
from nanobanana.tests.contracts import hostile

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

BASE = "/api/nano-banana"
GENERATE, EDIT, VIDEO = f"{BASE}/generate", f"{BASE}/image-to-image", f"{BASE}/generate-video"
IMAGE = base64.b64encode(encoded(picture(), "PNG")).decode()
ANY_ID = "7b0a0f5e-3c0f-4bb5-8a5e-5a1f9e0c1d11"
NO_IMAGES: tuple[Any, ...] = (
    "x",
    5,
    {},
    True,
    ["x"],
    [5],
    [[]],
    [{}],
    [{"id": 5}],
    [{"id": "x"}],
    [{"url": 5}],
)


def made_by(api, **fields):
    """What a body of a polling client becomes."""
    answer = api.post(GENERATE, {"prompt": "a fox", **fields})
    assert answer.status_code == 200, answer.content
    return Generation.objects.get(pk=answer.json()["job_id"]), answer.json()["warnings"]


# Pictures -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ratio", "size"),
    [
        ("1:1", (1024, 1024)),
        ("9:16", (768, 1408)),
        ("16:9", (1408, 768)),
        ("4:3", (1280, 896)),
        ("3:4", (896, 1280)),
    ],
)
@pytest.mark.parametrize("spelling", ["aspect_ratio", "aspectRatio"])
def test_every_aspect_ratio_in_either_spelling(api, ratio, size, spelling):
    made, warnings = made_by(api, model="nano-banana", **{spelling: ratio})
    assert (made.width, made.height) == size
    assert warnings == []


def test_resolution_is_for_the_large_model_alone_and_the_others_say_so(api):
    made, warnings = made_by(api, model="nano-banana-pro", resolution="2k", aspect_ratio="16:9")
    assert (made.width, made.height, made.price, warnings) == (2816, 1536, 200, [])

    made, warnings = made_by(api, model="nano-banana", resolution="2k")
    assert (made.width, made.price) == (1024, 20)
    assert len(warnings) == 1
    assert "resolution" in warnings[0]


def test_absent_parameters_may_be_null_false_or_empty_and_unknown_fields_are_ignored(api):
    body = {"prompt": "a fox", "aspect_ratio": None, "resolution": "", "model": False, "cost": 0}
    answer = api.post(GENERATE, body | {"user": 1, "status": "completed"})
    assert answer.status_code == 200
    assert answer.json()["image"], "nothing of it is a job's field, so it waited"


def test_of_an_image_only_the_id_and_its_owner_are_trusted(api, settings):
    upload = api.post(EDIT, {"prompt": "a fox", "input_image": IMAGE}).json()["job_id"]
    upload = Generation.objects.get(pk=upload).uploads[0]
    with listening(reply()) as (port, called):
        settings.FETCH_ALLOW_HOSTS = frozenset({f"127.0.0.1:{port}"})
        lie = {"type": "media_input", "id": upload, "url": f"http://127.0.0.1:{port}/x", "width": 9}
        made, _ = made_by(api, input_images=[lie])
    assert made.uploads == [upload]
    assert called == []


def test_an_address_without_an_id_is_fetched(api, settings):
    with listening(reply(encoded(picture(size=(60, 40)), "JPEG"))) as (port, called):
        settings.FETCH_ALLOW_HOSTS = frozenset({f"127.0.0.1:{port}"})
        made, _ = made_by(api, input_images=[{"url": f"http://127.0.0.1:{port}/a.jpg"}] * 2)
    assert len(made.uploads) == 2
    assert Upload.objects.get(pk=made.uploads[0]).width == 60
    assert len(called) == 2


def test_somebody_elses_image_is_unknown(api, bob_api, bob, ann):
    bob_api.post(EDIT, {"prompt": "a fox", "input_image": IMAGE})
    theirs = Upload.objects.get(user=bob)
    Generation.objects.all().delete()
    for one in ({"id": str(theirs.pk)}, {"id": ANY_ID}):
        answer = api.post(GENERATE, {"prompt": "a fox", "input_images": [one]})
        assert hostile.refused(answer, ann)["error"]["param"] == "input_images"


# Videos -------------------------------------------------------------------------------------------


VIDEOS = {
    "the default": {},
    "turbo": {"model": "kling-2.5-turbo", "duration": "10s", "quality": "720p"},
    "turbo in a shape": {"model": "kling-2.5-turbo", "aspect_ratio": "9:16", "audio": False},
    "o1": {"model": "kling-o1-video", "quality": "1080p", "aspect_ratio": "1:1"},
    "2.6 with sound": {"model": "kling-2.6", "duration": "5s", "audio": True},
    "2.6 in a shape": {"model": "kling-2.6", "quality": "1080p", "aspect_ratio": "16:9"},
}


@pytest.mark.parametrize("fields", VIDEOS.values(), ids=VIDEOS)
def test_a_good_video_order_that_nobody_can_serve_is_503_and_unpaid(api, ann, fields):
    answer = api.post(VIDEO, {"prompt": "a fox runs", "input_images": [], **fields})
    body = answer.json()
    assert (answer.status_code, body["code"]) == (503, "model_unavailable")
    assert body["error"]["type"] == "not_configured"
    assert not Generation.objects.exists()
    assert hostile.wallet_of(ann).balance == 1000


BAD_VIDEOS = [
    ("quality", {"model": "kling-2.5-turbo", "quality": "1080p"}),
    ("quality", {"model": "kling-o1-video", "quality": "4k"}),
    ("quality", {"quality": 720}),
    ("audio", {"model": "kling-2.5-turbo", "audio": True}),
    ("audio", {"model": "kling-o1-video", "audio": True}),
    ("audio", {"model": "kling-2.6", "audio": "yes"}),
    ("audio", {"model": "kling-2.6", "audio": 1}),
    ("duration", {"duration": "7s"}),
    ("duration", {"duration": "\uff15s"}),
    ("duration", {"duration": 7}),
    ("duration", {"duration": True}),
    ("duration", {"duration": ["5s"]}),
    ("duration", {"duration": {}}),
    ("aspect_ratio", {"aspect_ratio": "4:3"}),
    ("aspect_ratio", {"model": "kling-o1-video", "aspect_ratio": "21:9"}),
    ("aspect_ratio", {"model": "kling-2.6", "aspect_ratio": 1}),
    ("aspect_ratio", {"aspect_ratio": []}),
    ("model", {"model": "nano-banana"}),
    ("model", {"model": "kling-9"}),
    ("model", {"model": []}),
    ("input_images", {"input_images": [{"id": ANY_ID}] * 2}),
    ("input_images", {"input_images": [{"id": ANY_ID}] * 6}),
]


@pytest.mark.parametrize(("param", "fields"), BAD_VIDEOS)
def test_a_video_order_that_its_model_does_not_take_is_400(api, ann, param, fields):
    answer = api.post(VIDEO, {"prompt": "a fox runs", **fields})
    body = hostile.refused(answer, ann)
    assert (answer.status_code, body["error"]["param"]) == (400, param)


def test_all_bad_fields_of_a_video_are_named_at_once(api):
    body = {"prompt": "", "duration": "7s", "quality": "1080p", "audio": True, "aspect_ratio": "x"}
    fields = api.post(VIDEO, body).json()["error"]["fields"]
    assert set(fields) == {"prompt", "duration", "quality", "audio", "aspect_ratio"}


@pytest.mark.parametrize("value", NO_IMAGES, ids=repr)
def test_input_images_of_a_video_that_are_none_are_400(api, ann, value):
    body = hostile.refused(api.post(VIDEO, {"prompt": "a fox", "input_images": value}), ann)
    assert body["error"]["param"] == "input_images"


# Whatever else comes ------------------------------------------------------------------------------


BAD_PICTURES = hostile.named(
    aspect_ratio=("5:4x", "1x1", "\uff11:1", 1, True, [], {}, "21:9"),
    aspectRatio=("x", 16, [], True),
    model=("x", "kling-2.6", 5, True, [], {}, "x" * 300),
    style=("x", 5, []),
    n=(5, 11, *hostile.NO_NUMBERS),
    max_credits=hostile.NO_NUMBERS,
    input_images=(*NO_IMAGES, [{"id": ANY_ID}] * 6, [{"id": ANY_ID}], [{"url": "ftp://x/y"}]),
    prompt=hostile.PROMPTS,
)


@pytest.mark.parametrize(("name", "value"), BAD_PICTURES)
def test_a_bad_value_is_400_and_named(api, ann, name, value):
    body = hostile.refused(api.post(GENERATE, {"prompt": "a fox", name: value}), ann)
    assert body["error"]["param"] == name or body["code"] == "url_not_allowed"


@pytest.mark.parametrize("value", ["1k ", "8k", 2, True, [], "2K"])
def test_a_resolution_that_the_large_model_does_not_have_is_400(api, ann, value):
    body = {"prompt": "a fox", "model": "nano-banana-pro", "resolution": value}
    assert hostile.refused(api.post(GENERATE, body), ann)["error"]["param"] == "resolution"


@pytest.mark.parametrize(
    "value",
    [
        None, "", " ", 5, True, [], {}, "x", "data:image/png;base64,", "data:text/html;base64,PGI+",
        "data:image/png;base64,!!!", "data:image/svg+xml;base64,PHN2Zz4=", IMAGE[:60], ANY_ID,
        "http://127.0.0.1/a.png", "https://localhost/a.png", "https://10.0.0.7/a.png",
        "https://[::1]/a.png", "https://user:secret@example.com/a.png", "file:///etc/passwd",
        "https://", "https://testserver/f/x", "\x00", "\ud800",
    ],
    ids=lambda value: repr(value)[:40],
)  # fmt: skip
def test_an_input_image_that_is_none_is_400_and_nothing_is_kept(api, ann, value):
    answer = api.post(EDIT, json.dumps({"prompt": "a fox", "input_image": value}))
    body = hostile.refused(answer, ann)
    assert answer.status_code == 400
    assert body["error"]["param"] == "input_image" or body["code"] == "url_not_allowed"
    assert not Upload.objects.exists()


@pytest.mark.parametrize("path", [GENERATE, EDIT, VIDEO, f"{BASE}/upload/check"])
@pytest.mark.parametrize("raw", hostile.RAW.values(), ids=hostile.RAW)
def test_a_body_that_is_no_order_is_refused(api, ann, path, raw):
    hostile.refused(hostile.send_raw(api, path, raw), ann)


def test_a_file_above_10_mb_and_a_body_above_15_mb_are_413(api, ann):
    heavy = base64.b64encode(bytes(10 * 1024 * 1024 + 1)).decode()
    for image in (heavy, "A" * (15 * 1024 * 1024)):
        answer = api.post(EDIT, {"prompt": "a fox", "input_image": image})
        hostile.refused(answer, ann)
        assert answer.status_code == 413
    assert not Upload.objects.exists()


def test_a_large_picture_within_the_limits_is_taken(api):
    large = encoded(picture(size=(1600, 1200)), "PNG", compress_level=0)
    assert len(large) > 5 * 1024 * 1024
    body = {"prompt": "a fox", "input_image": base64.b64encode(large).decode()}
    assert api.post(EDIT, body).status_code == 200


@pytest.mark.parametrize("path", [GENERATE, EDIT, VIDEO])
def test_another_content_type_is_415(ann_client, path):
    answer = ann_client.post(path, b"prompt=x", content_type="application/xml")
    assert answer.status_code == 415
