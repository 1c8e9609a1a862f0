"""Files in pieces: tus 1.0 with creation, expiration and termination, also over a bad line."""

import base64
import socket
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts import keys
from accounts.owner import Owner
from generator import files, resumable, tasks
from generator.models import ResumableUpload, Upload
from generator.tests.pictures import encoded, picture
from nanobanana.tests.contracts import running

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

UPLOAD = "/api/files/upload"
PNG = encoded(picture(), "PNG")
SIZE = len(PNG)
NAME = "filename " + base64.b64encode(b"a.png").decode()


class Tus:
    """A tus client of one key."""

    def __init__(self, key):
        self.key = key

    def send(self, method, path, data=b"", **headers):
        """One request; `Upload_Offset=3` becomes the header."""
        named = {name.replace("_", "-"): str(value) for name, value in headers.items()}
        named = {"Tus-Resumable": "1.0.0", "Authorization": f"Bearer {self.key}"} | named
        kind = named.pop("Content-Type", "application/offset+octet-stream")
        return Client().generic(method, path, data, kind, headers=named)

    def begin(self, length=SIZE, **headers):
        """The path of a new file."""
        return self.send("POST", UPLOAD, Upload_Length=length, **headers)["Location"]

    def offset(self, path):
        """How far it came."""
        return int(self.send("HEAD", path)["Upload-Offset"])


@pytest.fixture
def tus(ann_key):
    return Tus(ann_key)


def test_a_file_in_three_pieces_becomes_an_upload_of_the_same_id(tus, api, ann):
    begun = tus.send("POST", UPLOAD + "/", Upload_Length=len(PNG), Upload_Metadata=NAME)
    path = begun["Location"]
    assert (begun.status_code, begun["Tus-Resumable"]) == (201, "1.0.0")
    assert begun["Upload-Expires"].endswith("GMT")
    for start, end in ((0, 10), (10, 60), (60, len(PNG))):
        reply = tus.send("PATCH", path, PNG[start:end], Upload_Offset=start)
        assert (reply.status_code, reply["Upload-Offset"]) == (204, str(end))

    head = tus.send("HEAD", path)
    assert head["Upload-Offset"] == head["Upload-Length"] == str(len(PNG))
    assert (head["Upload-Metadata"], head["Cache-Control"]) == (NAME, "no-store")
    made = Upload.objects.get()
    assert (str(made.pk), made.user, made.width) == (path.rsplit("/", 1)[1], ann, 48)
    assert api.get(f"/api/files/{made.pk}").status_code == 200
    order = {"prompt": "in oil", "mode": "image-to-image", "inputImage": str(made.pk)}
    assert api.post("/api/generate", order).status_code == 202


def test_the_server_says_what_it_can_to_everybody(db):
    reply = Client().options(UPLOAD)
    assert reply.status_code == 204
    assert reply["Tus-Version"] == reply["Tus-Resumable"] == "1.0.0"
    assert reply["Tus-Extension"] == "creation,expiration,termination"
    assert reply["Tus-Max-Size"] == str(10 * 1024 * 1024)


def test_a_piece_that_does_not_fit_on_is_409_and_changes_nothing(tus):
    path = tus.begin()
    tus.send("PATCH", path, PNG[:10], Upload_Offset=0)
    for offset in (0, 5, 11):
        assert tus.send("PATCH", path, PNG[:5], Upload_Offset=offset).status_code == 409
    assert tus.offset(path) == 10


def test_of_two_alike_pieces_one_is_kept(tus, ann):
    path = tus.begin()
    stale = ResumableUpload.objects.get()
    tus.send("PATCH", path, PNG[:10], Upload_Offset=0)
    with pytest.raises(resumable.WrongOffset):
        resumable.append(Owner(user=ann), stale, 0, PNG[:10])
    assert len(ResumableUpload.objects.get().pieces) == 1


def test_more_bytes_than_announced_are_413(tus):
    path = tus.begin(20)
    assert tus.send("PATCH", path, bytes(21), Upload_Offset=0).status_code == 413
    assert tus.offset(path) == 0


@pytest.mark.parametrize("length", ["", "-1", "x", "1.5", "0", "9" * 40, "\u0661"])
def test_a_length_that_is_none_is_400(tus, length):
    headers = {"Upload-Length": length} if length.isascii() else {}
    assert tus.send("POST", UPLOAD, **headers).status_code == 400
    assert not ResumableUpload.objects.exists()


def test_a_file_above_the_limit_is_413_before_a_byte_of_it(tus):
    assert tus.send("POST", UPLOAD, Upload_Length=10 * 1024 * 1024 + 1).status_code == 413


def test_another_version_is_412_and_another_type_415(tus):
    path = tus.begin()
    odd = tus.send("PATCH", path, b"x", Upload_Offset=0, Tus_Resumable="0.2.0")
    assert (odd.status_code, odd["Tus-Version"]) == (412, "1.0.0")
    typed = tus.send("PATCH", path, b"x", Upload_Offset=0, Content_Type="text/plain")
    assert typed.status_code == 415
    assert tus.offset(path) == 0


def test_a_whole_file_that_is_no_image_is_400_and_leaves_nothing(tus):
    path = tus.begin(6)
    reply = tus.send("PATCH", path, b"GIF89a", Upload_Offset=0)
    assert (reply.status_code, reply.json()["code"]) == (400, "invalid_image")
    assert tus.send("HEAD", path).status_code == 404
    assert not Upload.objects.exists()


def test_a_file_given_up_is_gone_with_its_pieces(tus):
    path = tus.begin()
    tus.send("PATCH", path, PNG[:10], Upload_Offset=0)
    [key] = ResumableUpload.objects.get().pieces
    assert tus.send("DELETE", path).status_code == 204
    assert tus.send("HEAD", path).status_code == 404
    assert not files.exists(key)


def test_a_finished_file_given_up_is_no_upload_any_more(tus, api):
    path = tus.begin()
    tus.send("PATCH", path, PNG, Upload_Offset=0)
    assert tus.send("DELETE", path).status_code == 204
    assert api.get(path.replace("/upload/", "/")).status_code == 404


def test_a_file_not_finished_in_a_day_expires_and_is_cleaned_up(tus):
    path = tus.begin()
    tus.send("PATCH", path, PNG[:10], Upload_Offset=0)
    [key] = ResumableUpload.objects.get().pieces
    ResumableUpload.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert tus.send("HEAD", path).status_code == 410
    assert tus.send("PATCH", path, b"x", Upload_Offset=10).status_code == 410
    tasks.mend()
    assert not files.exists(key)
    assert tus.send("HEAD", path).status_code == 404


def test_what_the_store_could_not_join_is_joined_at_the_next_look(tus, monkeypatch):
    path = tus.begin()
    with monkeypatch.context() as away:
        away.setattr(files, "read", _down)
        assert tus.send("PATCH", path, PNG, Upload_Offset=0).status_code == 503
    assert not Upload.objects.exists()
    assert tus.offset(path) == len(PNG)
    assert Upload.objects.count() == 1


def _down(key):
    raise files.StoreDown("away")


def test_strangers_visitors_and_reading_keys_find_nothing(tus, bob_key, ann):
    path = tus.begin()
    reader = Tus(keys.issue(ann, scopes=["read"])[1])
    for method in ("HEAD", "PATCH", "DELETE"):
        assert Tus(bob_key).send(method, path, b"x", Upload_Offset=0).status_code == 404
        assert Tus("nb_wrong").send(method, path, b"x", Upload_Offset=0).status_code == 401
        assert reader.send(method, path, b"x", Upload_Offset=0).status_code == 403
    assert Client().post(UPLOAD, headers={"Tus-Resumable": "1.0.0"}).status_code == 401
    assert tus.offset(path) == 0


def test_only_so_many_files_wait_at_once(tus, monkeypatch):
    monkeypatch.setattr(resumable, "MOST_OPEN", 2)
    replies = [tus.send("POST", UPLOAD, Upload_Length=9) for _ in range(3)]
    assert [reply.status_code for reply in replies] == [201, 201, 429]


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_what_arrived_before_the_line_broke_is_kept(transactional_db, ann):
    big = encoded(picture(size=(900, 700)).effect_spread(40), "PNG")
    with running.site() as site:
        tus = Tus(keys.issue(ann)[1])
        path = tus.begin(len(big))
        host, port = site.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=10) as line:
            head = (
                f"PATCH {path} HTTP/1.1\r\nHost: {host}:{port}\r\nTus-Resumable: 1.0.0\r\n"
                f"Authorization: Bearer {tus.key}\r\nUpload-Offset: 0\r\n"
                f"Content-Type: application/offset+octet-stream\r\nContent-Length: {len(big)}\r\n"
            )
            line.sendall(head.encode() + b"\r\n" + big[:100_000])
            time.sleep(0.3)
        until = time.monotonic() + 10
        while (came := tus.offset(path)) == 0 and time.monotonic() < until:
            time.sleep(0.05)
        assert 0 < came <= 100_000
        rest = tus.send("PATCH", path, big[came:], Upload_Offset=came)
        assert rest.status_code == 204
    assert Upload.objects.get().width == 900


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
def test_other_methods_are_405_whatever_the_version(tus, method):
    assert tus.send(method, tus.begin(), Tus_Resumable="x").status_code == 405
