"""Contract C's files: what comes in, what opens, what is deleted."""

import base64
import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts import keys
from accounts.owner import Owner
from conftest import Api
from gallery import showcase
from generator import engine
from generator.models import Generation, Output, Upload
from generator.tests.fake_internet import listening, reply
from generator.tests.pictures import encoded, picture
from nanobanana.tests.contracts import hostile

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

PNG = encoded(picture(), "PNG")
DATA_URL = "data:image/png;base64," + base64.b64encode(PNG).decode()


@pytest.fixture
def made(api):
    """Ann's finished generation."""
    body = api.post("/api/generate", {"prompt": "a fox", "settings": {"count": 2}}).json()
    engine.drain()
    return Generation.objects.with_outputs().get(pk=body["id"])


def send_file(client, data, name="file"):
    """A browser's form with one file."""
    return client.post("/api/upload", {name: SimpleUploadedFile("a.png", data, "image/png")})


# Coming in ----------------------------------------------------------------------------------------


def test_a_form_or_json_becomes_an_upload(api, ann_client, ann):
    for answer in (send_file(ann_client, PNG), api.post("/api/upload/", {"image": DATA_URL})):
        body = answer.json()
        assert answer.status_code == 201
        assert set(body) >= {"id", "url", "width", "height"}
        assert (body["width"], body["height"]) == (48, 32)
        assert Upload.objects.get(pk=body["id"]).user == ann
        file = Client().get("/" + body["url"].split("/", 3)[3])
        assert file["Content-Type"].startswith("image/")


def test_an_https_address_is_fetched_within_the_operators_rules(api, settings):
    with listening(reply(PNG)) as (port, called):
        settings.FETCH_ALLOW_HOSTS = frozenset({f"127.0.0.1:{port}"})
        answer = api.post("/api/upload", {"image": f"http://127.0.0.1:{port}/a.png"})
        assert (answer.status_code, answer.json()["width"]) == (201, 48)
        settings.FETCH_ALLOW_HOSTS = frozenset()
        refused = api.post("/api/upload", {"image": f"http://127.0.0.1:{port}/a.png"})
        assert (refused.status_code, refused.json()["code"]) == (400, "url_not_allowed")
        assert len(called) == 1


def test_this_site_is_never_fetched_from_itself(api, settings):
    settings.SITE_URL = "https://nb.example"
    answer = api.post("/api/upload", {"image": "https://nb.example/api/auth/me"})
    assert (answer.status_code, answer.json()["code"]) == (400, "url_not_allowed")


def test_a_visitors_upload_is_theirs_alone(visitor, api):
    mine = send_file(visitor, PNG).json()["id"]
    assert visitor.get(f"/api/files/{mine}").status_code == 200
    assert api.get(f"/api/files/{mine}").status_code == 404
    assert Client().get(f"/api/files/{mine}").status_code == 404
    order = {"prompt": "as a drawing", "mode": "image-to-image", "inputImage": mine}
    body = json.dumps(order)
    assert visitor.post("/api/generate", body, content_type="application/json").status_code == 202
    assert api.post("/api/generate", order).status_code == 400


def test_visitors_of_one_address_upload_only_so_often(settings, db):
    settings.ACCOUNT_RATE_LIMITS = {"visitor_upload": "2/h/ip"}
    answers = [send_file(Client(), PNG) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert int(answers[2]["Retry-After"]) > 3000


@pytest.mark.parametrize(
    "data",
    [b"", b"x", b"GIF89a", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.4", PNG[:60]],
)
def test_a_file_that_is_no_image_is_400(ann_client, data):
    answer = send_file(ann_client, data)
    assert answer.status_code == 400
    assert answer.json()["code"] in {"invalid_image", "unsupported_format"}
    assert not Upload.objects.exists()


@pytest.mark.parametrize(
    "given", [5, True, [], {}, "!!", "data:text/plain,x", "ftp://a.example/x", "//a.example/x",
              "https://", "https://10.0.0.7/x.png", "https://[::1]/x.png", "https://user@a.example/",
              "7b0a0f5e-3c0f-4bb5-8a5e-5a1f9e0c1d11", "\x00", "https://a.example\\@b/"],
)  # fmt: skip
def test_an_image_that_is_none_is_400(api, given):
    hostile.refused(api.post("/api/upload", {"image": given}))
    assert not Upload.objects.exists()


@pytest.mark.parametrize("raw", hostile.RAW.values(), ids=hostile.RAW)
def test_what_is_no_json_object_is_400(api, raw):
    assert hostile.send_raw(api, "/api/upload", raw).status_code == 400


def test_a_file_above_the_limit_is_413(ann_client, api, settings):
    settings.MAX_FILE_SIZE = 1000
    big = b"\x89PNG" + bytes(2000)
    assert send_file(ann_client, big).status_code == 413
    text = base64.b64encode(big).decode()
    assert api.post("/api/upload", {"image": text}).status_code == 413


def test_another_type_of_body_is_415(ann_client):
    answer = ann_client.post("/api/upload", "<x/>", content_type="application/xml")
    assert answer.status_code == 415
    assert ann_client.post("/api/upload", "{}", content_type="text/plain").status_code == 415


# Opening and deleting -----------------------------------------------------------------------------


def test_a_file_opens_for_its_owner_and_for_all_while_it_is_published(api, bob_api, made, ann):
    output = made.outputs.first()
    path = f"/api/files/{output.pk}"
    assert api.get(path)["Content-Type"] == "image/png"
    assert bob_api.get(path).status_code == 404
    item = showcase.publish(Owner(user=ann), output)
    assert bob_api.get(path).status_code == 200
    showcase.withdraw(item)
    assert bob_api.get(path).status_code == 404


def test_a_deleted_image_is_gone_at_once_and_the_other_one_stays(api, made, ann, anonymous_api):
    output, other = made.outputs.all()
    item = showcase.publish(Owner(user=ann), output)
    url = api.get(f"/api/generate/{made.pk}").json()["outputImages"][0]

    assert api.delete(f"/api/files/{output.pk}").status_code == 204
    assert api.get(f"/api/files/{output.pk}").status_code == 404
    assert api.delete(f"/api/files/{output.pk}").status_code == 404
    assert Client().get("/" + url.split("/", 3)[3]).status_code == 404
    assert anonymous_api.get(f"/api/gallery/{item.pk}").status_code == 404
    left = api.get(f"/api/generate/{made.pk}").json()["images"]
    assert [image["id"] for image in left] == [str(other.pk)]


def test_a_deleted_upload_is_unknown_from_then_on(api):
    mine = api.post("/api/upload", {"image": DATA_URL}).json()["id"]
    assert api.delete(f"/api/files/{mine}").status_code == 204
    assert api.get(f"/api/files/{mine}").status_code == 404
    order = {"prompt": "a fox", "mode": "image-to-image", "inputImage": mine}
    assert api.post("/api/generate", order).status_code == 400


def test_a_strangers_file_is_not_deleted_and_not_told_of(bob_api, visitor, made, ann):
    paths = [str(made.outputs.first().pk), "7b0a0f5e-3c0f-4bb5-8a5e-5a1f9e0c1d11", "1", "%00"]
    for who in (bob_api, visitor):
        for path in paths:
            assert who.delete(f"/api/files/{path}").status_code == 404
    assert Output.objects.delivered().count() == 2
    reader = Api(keys.issue(ann, scopes=["read"])[1])
    assert reader.delete(f"/api/files/{paths[0]}").status_code == 403
