"""Contract E, as its clients rely on it: each block of the contract is a case."""

import io
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts import keys
from billing import ledger
from billing.ledger import wallet_of
from conftest import Api
from generator import engine
from generator.models import Generation, Output, Upload
from generator.providers.base import Waiting
from nanobanana.tests.contracts import hostile
from nanobanana.tests.contracts.running import picture, png

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

GENERATIONS, EDITS, VARIATIONS = (
    f"/v1/images/{name}" for name in ("generations", "edits", "variations")
)
SMALL = {"prompt": "a cat", "model": "demo", "size": "256x256"}


@pytest.fixture
def form(ann_key):
    """POSTs a form, as stock clients do: a list is sent as one part each."""

    def send(path, key=ann_key, **fields):
        files = {
            name: [_file(one) for one in value] if isinstance(value, list) else _file(value)
            for name, value in fields.items()
        }
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return Client().post(path, files, headers=headers)

    return send


def _file(value):
    return SimpleUploadedFile("in.png", value, "image/png") if isinstance(value, bytes) else value


def refused(reply, person=None):
    """The body of a 4xx in the one error shape; nothing was made, kept or charged by it."""
    assert 400 <= reply.status_code < 500, reply.content[:300]
    assert reply["Content-Type"] == "application/json"
    body = reply.json()
    assert body["error"]["code"] == body["code"]
    assert body["error"]["message"] == body["detail"]
    assert not Generation.objects.exists()
    assert not Upload.objects.exists()
    assert person is None or wallet_of(person).balance == 1000
    return body


# Replies ------------------------------------------------------------------------------------------


def test_base64_is_what_comes_when_nothing_is_said(api, ann):
    reply = api.post(GENERATIONS, {"prompt": "a cat"})
    body = reply.json()

    assert reply.status_code == 200
    assert set(body) == {"created", "data", "size", "output_format", "usage"}
    assert [set(one) for one in body["data"]] == [{"b64_json"}]
    assert picture(body["data"][0]["b64_json"]).size == (1024, 1024)
    assert body["created"] == int(Generation.objects.get().created_at.timestamp())
    assert body["usage"]["credits"] == 20
    assert reply["X-Credits-Used"] == "20"
    assert reply["X-Credits-Remaining"] == str(wallet_of(ann).balance) == "980"
    assert reply["RateLimit"].startswith('"hour";r=9;t=')
    assert "X-Warnings" not in reply


def test_an_address_is_our_own_signed_one(api):
    body = api.post(GENERATIONS + "/", SMALL | {"response_format": "url"}).json()
    path = body["data"][0]["url"].partition("://")[2].partition("/")[2]
    assert Api("").get(f"/{path}")["Content-Type"] == "image/png"


@pytest.mark.parametrize(
    ("model", "size", "ordered", "price"),
    [
        ("nano-banana", "1792x1024", "1408x768", 20),
        ("nano-banana", "512x512", "1024x1024", 20),
        ("nano-banana-pro", "1024x1536", "1792x2560", 200),
        ("nano-banana-pro", "2816x1536", "2816x1536", 200),
        ("nano-banana-pro", "4096x4096", "4096x4096", 340),
        ("sd3-medium", "600x400", "768x768", 15),
        ("sd3-medium", "1500x100", "1536x1536", 65),
        ("gpt-image", "1536x1024", "1536x1024", 75),
        ("demo", "1400x70", "1408x768", 20),
    ],
)
def test_any_size_comes_back_at_the_price_of_the_listed_one_that_is_ordered(
    api, model, size, ordered, price
):
    body = {"prompt": "a cat", "model": model, "size": size}
    reply = api.post(GENERATIONS, body, Prefer="respond-async")
    made = Generation.objects.get()
    assert reply.status_code == 202
    assert f"{made.width}x{made.height}" == size
    assert (made.parameters["size"], made.price) == (ordered, price)


def test_a_size_beyond_the_models_limit_is_told_with_the_limit(api, ann):
    body = refused(api.post(GENERATIONS, {"prompt": "a cat", "size": "2049x1024"}), ann)
    assert body["error"]["param"] == "size"
    assert "64 to 2048" in body["detail"]


def test_the_names_of_the_vendors_models_stand_for_the_configured_one(api, settings):
    settings.OPENAI_DEFAULT_MODEL = "demo"
    for name in ("dall-e-2", "dall-e-3", "gpt-image-2.5-flare"):
        assert api.post(GENERATIONS, SMALL | {"model": name}).status_code == 200
    assert set(Generation.objects.values_list("model", flat=True)) == {"demo"}
    assert api.post(GENERATIONS, SMALL | {"model": "dall-e"}).status_code == 404


def test_what_a_model_does_not_take_is_accepted_and_named(api):
    odd = {"quality": "hd", "style": "vivid", "background": "transparent", "user": "u-1"}
    reply = api.post(GENERATIONS, {"prompt": "a cat", **odd})
    assert reply.status_code == 200
    for name in odd:
        assert name in reply["X-Warnings"]


def test_auto_is_a_choice_left_to_us_and_warns_of_nothing(api):
    auto = dict.fromkeys(("size", "quality", "background"), "auto")
    reply = api.post(GENERATIONS, {"prompt": "a cat", **auto})
    assert reply.status_code == 200
    assert "X-Warnings" not in reply


def test_quality_is_the_models_own_where_it_takes_one(api):
    reply = api.post(GENERATIONS, SMALL | {"model": "gpt-image", "quality": "standard"})
    assert (reply.json()["quality"], reply["X-Credits-Used"]) == ("medium", "75")


@pytest.mark.parametrize("form_of", ["png", "jpeg", "webp"])
def test_the_file_has_the_format_asked_for(api, form_of):
    body = api.post(GENERATIONS, SMALL | {"output_format": form_of}).json()
    assert picture(body["data"][0]["b64_json"]).format == form_of.upper()
    assert body["output_format"] == form_of


@pytest.mark.parametrize("form_of", ["jpeg", "webp"])
def test_more_compression_is_a_smaller_file(api, form_of):
    asked = SMALL | {"output_format": form_of, "seed": 4}
    sizes = [
        len(
            api.post(GENERATIONS, asked | {"output_compression": one}).json()["data"][0]["b64_json"]
        )
        for one in (0, 50, 100)
    ]
    assert sizes == sorted(set(sizes))


def test_png_takes_no_compression_and_says_so(api):
    reply = api.post(GENERATIONS, SMALL | {"output_compression": 0})
    assert reply["X-Warnings"] == "png takes no output_compression; it was ignored."


def test_a_stream_is_events_of_finished_pictures(api):
    reply = api.post(GENERATIONS, SMALL | {"stream": True, "partial_images": 3, "n": 2})
    assert reply["Content-Type"].startswith("text/event-stream")
    events = [event.splitlines() for event in reply.content.decode().strip().split("\n\n")]
    assert [event[0] for event in events] == ["event: image_generation.completed"] * 2
    for event in events:
        told = json.loads(event[1].removeprefix("data: "))
        assert set(told) == {"type", "created_at", "size", "quality", "background",
                             "output_format", "usage", "b64_json"}  # fmt: skip
        assert picture(told["b64_json"]).size == (256, 256)


def test_what_did_not_come_is_refunded_and_left_out(api, ann, monkeypatch):
    from generator.providers.demo import Demo, Failed

    poll = Demo.poll

    def second_fails(self, order, remote_id):
        if order.index:
            raise Failed("no luck")
        return poll(self, order, remote_id)

    monkeypatch.setattr(Demo, "poll", second_fails)
    reply = api.post(GENERATIONS, SMALL | {"n": 2})
    assert len(reply.json()["data"]) == 1
    assert (reply["X-Credits-Used"], reply["X-Credits-Remaining"]) == ("20", "980")
    assert wallet_of(ann).balance == 980


# Forms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["image", "image[]"])
def test_pictures_are_edited_by_either_name(form, name):
    reply = form(EDITS, **{name: [png("red"), png("blue")]}, prompt="blend", model="demo", n="2")
    assert reply.status_code == 200
    assert len(reply.json()["data"]) == 2
    assert len(Generation.objects.get().uploads) == 2


def test_an_edit_keeps_the_shape_of_its_picture(form):
    assert form(EDITS, image=png(size=(90, 160)), prompt="blue").json()["size"] == "768x1408"
    assert form(EDITS, image=png(), prompt="blue", size="300x200").json()["size"] == "300x200"


def test_a_mask_is_named_where_the_model_takes_none(form, ann):
    body = refused(form(EDITS, image=png(), mask=png(), prompt="blue", model="sd3-medium"), ann)
    assert (body["error"]["param"], body["detail"]) == ("mask", "sd3-medium takes no mask.")


def masked(left=0, right=255, size=(64, 64)):
    """A mask of two halves with these opacities."""
    image = Image.new("RGBA", size, (0, 0, 0, left))
    image.paste((0, 0, 0, right), (size[0] // 2, 0, *size))
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def test_only_where_its_mask_is_clear_a_picture_is_painted_anew(form):
    fields = {"image": png("#d04020", (64, 64)), "prompt": "invert the colours", "model": "demo"}
    reply = form(EDITS, **fields, mask=masked(), size="256x256", quality="high")
    image = picture(reply.json()["data"][0]["b64_json"]).convert("RGB")
    made = Generation.objects.get()
    assert image.getpixel((200, 128)) == (0xD0, 0x40, 0x20)
    assert image.getpixel((50, 128)) != (0xD0, 0x40, 0x20)
    assert len(made.uploads) == 1
    assert str(Upload.objects.get(pk=made.parameters["mask"]).pk) not in made.uploads


@pytest.mark.parametrize("mask", [png(), masked(255, 255), b"no picture", "text"])
def test_a_mask_that_names_nothing_to_paint_is_refused(form, ann, mask):
    refused(form(EDITS, image=png(), mask=mask, prompt="blue", model="demo"), ann)


def test_a_variation_needs_no_words(form):
    reply = form(VARIATIONS, image=png(), n="2", size="256x256", response_format="url")
    assert [set(one) for one in reply.json()["data"]] == [{"url"}] * 2


def test_a_form_without_a_picture_is_told_so(form, ann):
    for path in (EDITS, VARIATIONS):
        body = refused(form(path, prompt="blue"), ann)
        assert body["error"]["param"] == "image"


def test_more_pictures_than_the_model_takes_are_refused_unread(form, ann):
    body = refused(form(EDITS, image=[png()] * 6, prompt="blue"), ann)
    assert body["detail"] == "nano-banana takes up to 5 images."
    refused(form(EDITS, image=png(), prompt="blue", model="sd3-medium"), ann)


def test_what_came_with_a_refused_order_is_erased(form, ann):
    ledger.adjust(wallet_of(ann).pk, -990, ledger.Note("poor", "test"))
    reply = form(EDITS, image=png(), prompt="blue")
    assert (reply.status_code, reply.json()["code"]) == (429, "insufficient_quota")
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    "data", [b"", b"<svg/>", b"GIF89a", png()[:60], b"\x89PNG\r\n\x1a\n" + b"x" * 99]
)
def test_what_is_no_picture_is_refused(form, ann, data):
    refused(form(EDITS, image=data, prompt="blue"), ann)


def test_a_file_above_ten_megabytes_and_a_form_above_eighty_are_too_large(form, ann, ann_key):
    assert form(EDITS, image=b"x" * (10 * 2**20 + 1), prompt="blue").status_code == 413
    headers = {"Authorization": f"Bearer {ann_key}", "Content-Length": str(80 * 2**20 + 1)}
    reply = Client().generic(
        "POST", EDITS, b"x", content_type="multipart/form-data; boundary=b", headers=headers
    )
    assert (reply.status_code, reply.json()["code"]) == (413, "payload_too_large")
    assert not Upload.objects.exists()


@pytest.mark.parametrize("raw", [b"", b"--b", b"--b\r\nContent-Disposition: form-data\r\n\r\n"])
def test_a_broken_form_is_refused(ann, ann_key, raw):
    media = "multipart/form-data; boundary=b"
    headers = {"Authorization": f"Bearer {ann_key}"}
    refused(Client().generic("POST", EDITS, raw, content_type=media, headers=headers), ann)
    refused(
        Client().generic("POST", EDITS, raw, content_type="multipart/form-data", headers=headers),
        ann,
    )


def test_too_many_parts_are_refused(form, ann):
    refused(form(EDITS, image=[png(size=(1, 1))] * 30, prompt="blue"), ann)


def test_an_edit_in_json_is_an_unsupported_type(api, ann):
    assert refused(api.post(EDITS, {"prompt": "blue"}), ann)["status"] == 415


# Front ends that people already have --------------------------------------------------------------


def test_open_webui_gets_its_picture(api, form):
    asked = {"model": "dall-e-2", "prompt": "a cat", "n": 1, "size": "512x512"}
    reply = api.post(GENERATIONS + "?api-version=2024", asked | {"response_format": "b64_json"})
    assert picture(reply.json()["data"][0]["b64_json"]).size == (512, 512)
    edit = {key: str(value) for key, value in asked.items()} | {"background": "auto"}
    reply = form(EDITS, **edit, response_format="b64_json", image=png())
    assert picture(reply.json()["data"][0]["b64_json"]).size == (512, 512)


def test_librechat_gets_its_picture(api, form):
    auto = dict.fromkeys(("quality", "background", "size"), "auto")
    asked = {"model": "gpt-image-1", "prompt": "a cat", "n": 1, **auto}
    body = asked | {"output_format": "webp", "output_compression": 80}
    assert picture(api.post(GENERATIONS, body).json()["data"][0]["b64_json"]).format == "WEBP"
    edit = {name: asked[name] for name in ("model", "prompt", "quality", "size")}
    reply = form(EDITS, **edit, **{"image[]": [png("red"), png("blue")]})
    assert picture(reply.json()["data"][0]["b64_json"])


# Once, waiting, money -----------------------------------------------------------------------------


def test_a_repeat_with_its_key_is_the_same_reply_and_charged_once(form, api, ann, ann_key):
    first = api.post(GENERATIONS, SMALL, Idempotency_Key="k")
    again = api.post(GENERATIONS, SMALL, Idempotency_Key='"k"')
    other = api.post(GENERATIONS, SMALL | {"prompt": "a dog"}, Idempotency_Key="k")
    assert again["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    assert other.status_code == 422
    assert wallet_of(ann).balance == 980


def test_a_form_sent_again_is_known_by_its_files_and_keeps_them_once(ann, ann_key):
    headers = {"Authorization": f"Bearer {ann_key}", "Idempotency-Key": "k"}

    def send(data):
        fields = {"prompt": "blue", "model": "demo", "image": _file(data)}
        return Client().post(EDITS, fields, headers=headers)

    first, again, other = send(png()), send(png()), send(png("blue"))
    assert again.json() == first.json()
    assert other.status_code == 422
    assert Upload.objects.count() == Generation.objects.count() == 1


def test_at_the_wait_limit_it_is_504_and_the_sdks_retry_joins_it(api, stage, settings, ann):
    settings.WAIT_LIMIT = 0.05
    stage.first.poll = [Waiting("task-1", 60.0)]
    asked = {"prompt": "a cat", "model": "scripted"}
    late = api.post(GENERATIONS, asked)
    assert (late.status_code, late["x-should-retry"]) == (504, "true")
    assert (late.json()["error"]["type"], late["X-Credits-Used"]) == ("timeout_error", "20")
    assert late["RateLimit"].startswith('"hour";r=9;t=')

    api.post(GENERATIONS, asked, X_Stainless_Retry_Count="1")
    assert Generation.objects.count() == 1
    api.post(GENERATIONS, asked)
    assert Generation.objects.count() == 2
    assert wallet_of(ann).balance == 960


@pytest.mark.parametrize("prefer", ["respond-async", "wait=0"])
def test_a_client_that_bounds_its_wait_gets_202_and_a_place_to_look(api, prefer):
    reply = api.post(GENERATIONS, SMALL, Prefer=prefer)
    assert (reply.status_code, reply["Retry-After"]) == (202, "2")
    engine.drain()
    assert api.get(reply["Location"]).json()["status"] == "completed"


def test_more_than_max_credits_is_409_with_the_price(api, ann):
    reply = api.post(GENERATIONS, SMALL | {"max_credits": 19})
    body = refused(reply, ann)
    assert (body["status"], body["error"]["required"]) == (409, 20)
    assert reply["x-should-retry"] == "false"


def test_a_picture_that_was_canceled_is_not_ordered_again_by_stock_clients(api, ann):
    api.post(GENERATIONS, SMALL, Idempotency_Key="k", Prefer="respond-async")
    engine.cancel(Generation.objects.get())
    reply = api.post(GENERATIONS, SMALL, Idempotency_Key="k")
    assert (reply.status_code, reply["x-should-retry"]) == (409, "false")
    assert reply["X-Credits-Used"] == "0"
    assert wallet_of(ann).balance == 1000


def test_missing_credits_are_429_which_stock_clients_do_not_repeat(api, ann):
    ledger.adjust(wallet_of(ann).pk, -990, ledger.Note("poor", "test"))
    reply = api.post(GENERATIONS, SMALL)
    error = reply.json()["error"]
    assert (reply.status_code, reply["x-should-retry"]) == (429, "false")
    assert (error["code"], error["type"]) == ("insufficient_quota", "insufficient_credits")
    assert (error["required"], error["balance"]) == (20, 10)


# Who ----------------------------------------------------------------------------------------------


def test_nobody_a_visitor_and_a_key_that_may_not_are_refused(form, ann, visitor):
    weak = keys.issue(ann, scopes=["read"])[1]
    visitor.get("/generator")
    for path in (GENERATIONS, EDITS, VARIATIONS):
        assert form(path, key="", prompt="x").status_code == 401
        assert form(path, key="nb_wrong", prompt="x").status_code == 401
        assert form(path, key=weak, prompt="x").json()["code"] == "insufficient_scope"
    assert visitor.post(GENERATIONS, "{}", content_type="application/json").status_code in {
        401,
        403,
    }
    assert not Generation.objects.exists()


def test_a_cookie_needs_its_csrf_token(ann):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(ann)
    reply = browser.post(GENERATIONS, SMALL, content_type="application/json")
    assert (reply.status_code, reply.json()["code"]) == (403, "csrf_failed")
    assert reply["Content-Type"] == "application/json"


@pytest.mark.parametrize("path", [GENERATIONS, EDITS, VARIATIONS])
def test_the_address_of_a_held_request_is_nobodys(api, path):
    assert api.get(f"{path}?generation={'0' * 32}&left=").status_code == 405


def test_a_deleted_picture_is_gone_from_a_replay(api):
    api.post(GENERATIONS, SMALL, Idempotency_Key="k")
    engine.delete(Generation.objects.get())
    assert api.post(GENERATIONS, SMALL, Idempotency_Key="k").status_code == 410
    assert not Output.objects.filter(deleted_at=None).exists()


# Bad input ----------------------------------------------------------------------------------------

BAD = hostile.named(
    prompt=hostile.PROMPTS,
    n=(*hostile.NO_NUMBERS, 0, 11),
    size=("1x1", "1024", "1024X1024", "\uff11024x1024", "63x64", "3073x64", 5, True, [], {}, " "),
    model=("flux", "gpt-4o", "dall-e-", 5, 0, [], {}, "\ud800", "x" * 5000, "kling-2.6", "../x"),
    response_format=("b64", "URL", 5, [], {}, True),
    output_format=("gif", "svg", "PNG", 5, [], {}, True),
    output_compression=(*hostile.NO_NUMBERS, 101),
    stream=("true", 1, [], {}),
    partial_images=(*hostile.NO_NUMBERS, 4),
    style=(5, [], {}, True),
    max_credits=(*hostile.NO_NUMBERS, 1),
    seed=(*hostile.NO_NUMBERS, 2**32),
)


@pytest.mark.parametrize(("name", "value"), BAD)
def test_bad_input_is_refused_and_costs_nothing(api, ann, name, value):
    body = refused(api.post(GENERATIONS, SMALL | {name: value}), ann)
    assert body["error"]["param"] in {name, None}


@pytest.mark.parametrize("raw", hostile.RAW.values(), ids=hostile.RAW)
def test_what_is_no_json_object_is_400(api, ann, raw):
    assert refused(hostile.send_raw(api, GENERATIONS, raw), ann)["status"] == 400


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("n", "0"), ("n", "11"), ("n", "\uff11"), ("n", "1.0"), ("n", "9" * 40), ("n", "-1"),
        ("size", "1x1"), ("stream", "yes"), ("model", "flux"), ("prompt", " "), ("prompt", "\x00"),
        ("output_format", "gif"), ("output_compression", "101"), ("response_format", "b64"),
        ("image", "text"), ("partial_images", "9"), ("max_credits", "1"), ("n", "1e1"),
    ],
)  # fmt: skip
def test_a_bad_field_of_a_form_is_refused(form, ann, name, value):
    fields = {"prompt": "blue", "model": "demo", "image": png()}
    refused(form(EDITS, **(fields | {name: value})), ann)


def test_fields_of_nobodys_business_change_nothing(api, ann, bob):
    theirs = Upload.objects.create(
        user=bob, file_key="u/x.png", content_type="image/png", size=1, sha256="", width=1, height=1
    )
    odd = {"cost": 0, "price": 0, "status": "completed", "user": str(bob.pk), "id": "1",
           "images": [str(theirs.pk)], "mode": "image-to-image"}  # fmt: skip
    assert api.post(GENERATIONS, SMALL | odd).status_code == 200
    made = Generation.objects.get()
    assert (made.user, made.price, made.uploads) == (ann, 20, [])
