"""Files by their addresses: who may read, until when, and how they come."""

from uuid import uuid4

import pytest

from accounts import keys
from accounts.owner import Owner
from conftest import Api
from gallery import showcase
from generator import files, storage
from generator.files import LINK_SECONDS
from generator.models import Output
from generator.tests.harness.stage import Stage
from nanobanana.tests.contracts.running import png

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]


@pytest.fixture
def output(stage: Stage, ann) -> Output:
    """Ann's picture."""
    return stage.run(ann, "a red Fox, running!").outputs.get()


@pytest.fixture
def link(output):
    return storage.url(output)


def body(reply):
    return b"".join(reply.streaming_content) if reply.streaming else reply.content


def test_a_signed_link_opens_without_a_credential(visitor, link):
    reply = visitor.get(link)

    assert (reply.status_code, reply["Content-Type"]) == (200, "image/png")
    assert body(reply).startswith(b"\x89PNG")
    assert reply["Cache-Control"] == "private, no-cache"
    assert reply["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in reply["Content-Security-Policy"]
    assert reply["Accept-Ranges"] == "bytes"
    assert "Set-Cookie" not in reply
    assert visitor.head(link).status_code == 200


def test_a_thumbnail_is_a_webp_of_its_own_link(visitor, output, link):
    reply = visitor.get(storage.url(output, "320"))
    assert (reply.status_code, reply["Content-Type"]) == (200, "image/webp")


def test_any_change_to_a_link_closes_it(visitor, output, link):
    path, _, token = link.partition("?t=")
    stamp, signature = token.rsplit(":", 1)
    other = uuid4()
    for address in (
        path, f"{path}?t=", f"{path}?t={token[:-1]}", f"{path}?t=x{token}", f"{path}/320?t={token}",
        f"{path}/640?t={token}", f"{path}/99?t={token}", f"{path}/..?t={token}",
        f"/f/{other}?t={token}", f"{path}?t={stamp}x:{signature}", f"{path}?t=%00",
        f"{path}?t={'9' * 5000}:{signature}",
    ):  # fmt: skip
        assert visitor.get(address).status_code == 404, address
    for method in ("post", "put", "delete", "patch"):
        assert getattr(visitor, method)(link).status_code in {403, 404, 405}


def test_a_link_ends_after_seven_days(visitor, link, monkeypatch):
    from django.core import signing

    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + LINK_SECONDS - 60)
    assert visitor.get(link).status_code == 200
    monkeypatch.setattr(signing.time, "time", lambda: now + LINK_SECONDS + 120)
    assert visitor.get(link).status_code == 404


def test_deleting_closes_every_address_at_once(visitor, api, output, link):
    api.delete(f"/v1/generations/{output.generation.public_id}")
    assert visitor.get(link).status_code == 404
    assert visitor.get(storage.url(output, "320")).status_code == 404
    assert api.get(f"/v1/files/{output.pk}").status_code == 404


def test_the_owner_reads_by_key_and_by_session(api, ann_client, output):
    for reader in (api, ann_client):
        for name in (output.pk, output.pk.hex, f"img_{output.pk.hex}"):
            reply = reader.get(f"/v1/files/{name}")
            assert (reply.status_code, reply["Content-Type"]) == (200, "image/png")
            assert reply["Cache-Control"] == "private, no-cache"
        assert reader.get(f"/api/files/{output.pk}").status_code == 200


def test_an_image_tag_may_ask_for_it(ann_client, output):
    reply = ann_client.get(f"/v1/files/{output.pk}", headers={"Accept": "image/avif,image/webp"})
    assert reply.status_code == 200


def test_strangers_hear_what_they_hear_of_nothing(bob_api, bob_client, visitor, sam_client, output):
    for reader in (bob_api, bob_client, visitor, sam_client):
        names = {"X-Request-Id": "same"}
        if reader is bob_api:
            replies = [reader.get(f"/v1/files/{name}", **names) for name in (output.pk, uuid4())]
        else:
            replies = [
                reader.get(f"/v1/files/{name}", headers=names) for name in (output.pk, uuid4())
            ]
        assert [reply.status_code for reply in replies] == [404, 404]
        assert replies[0].content == replies[1].content


@pytest.mark.parametrize("name", ["1", "-1", "..", "%00", "gen_1", "x" * 5000])
def test_what_is_no_id_is_404(api, name):
    assert api.get(f"/v1/files/{name}").status_code == 404


def test_a_key_without_the_scope_reads_nothing(ann, output):
    writer = Api(keys.issue(ann, scopes=["generate"])[1])
    assert writer.get(f"/v1/files/{output.pk}").status_code == 403


def test_an_upload_is_its_owners_alone(api, bob_api, ann, stage):
    upload = storage.save_upload(Owner(user=ann), png())
    assert api.get(f"/v1/files/{upload.pk}").status_code == 200
    assert bob_api.get(f"/v1/files/{upload.pk}").status_code == 404


def test_a_published_picture_is_everybodys_until_it_is_taken_down(visitor, bob_api, ann, output):
    item = showcase.publish(Owner(user=ann), output, title="Fox")
    output.refresh_from_db()
    address = storage.public_url(output)
    path = address[address.index("/p/") :]
    for reply in (visitor.get(path), bob_api.get(f"/v1/files/{output.pk}")):
        assert reply.status_code == 200
        assert reply["Cache-Control"] == "public, max-age=300"
    assert visitor.post(path).status_code in {403, 404, 405}

    showcase.withdraw(item)
    assert visitor.get(path).status_code == 404
    assert bob_api.get(f"/v1/files/{output.pk}").status_code == 404


def test_a_copy_that_is_current_is_not_sent_again(visitor, link):
    tag = visitor.get(link)["ETag"]
    reply = visitor.get(link, headers={"If-None-Match": tag})
    assert (reply.status_code, body(reply)) == (304, b"")


def test_a_range_is_the_part_asked_for(visitor, link):
    whole = body(visitor.get(link))
    part = visitor.get(link, headers={"Range": "bytes=2-5"})
    assert (part.status_code, body(part)) == (206, whole[2:6])
    assert part["Content-Range"] == f"bytes 2-5/{len(whole)}"
    assert visitor.get(link, headers={"Range": "bytes=999999-"}).status_code == 416


def test_a_download_is_named_after_the_prompt(visitor, link):
    reply = visitor.get(f"{link}&download")
    assert reply["Content-Disposition"] == 'attachment; filename="a-red-fox-running.png"'


def test_while_the_store_is_away_the_link_is_the_picture_itself(api, stage, ann, monkeypatch):
    with monkeypatch.context() as away:
        away.setattr(files, "save", _store_down)
        shown = api.post("/v1/generate", {"prompt": "a fox", "model": "scripted"}).json()
        again = api.get(f"/v1/generations/{shown['id']}").json()
    assert shown["status"] == "completed"
    assert shown["url"].startswith("data:image/png;base64,iVBOR")
    assert again["url"] == shown["url"]
    assert api.get(f"/v1/files/{shown['images'][0]['id']}").content.startswith(b"\x89PNG")


def test_a_store_that_does_not_answer_is_503_not_404(visitor, api, output, link, monkeypatch):
    monkeypatch.setattr(files, "size", _store_down)
    for reply in (visitor.get(link), api.get(f"/v1/files/{output.pk}")):
        assert (reply.status_code, reply.json()["code"]) == (503, "service_unavailable")
        assert reply["Retry-After"]


def _store_down(*_args):
    raise files.StoreDown("away")
