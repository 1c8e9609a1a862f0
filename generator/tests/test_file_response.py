"""What answering with a file promises: the right bytes, only when needed, inert in a browser."""

import pytest
from django.http import Http404
from django.test import RequestFactory

from generator import files
from generator.file_response import FRONT, file_response, parse_range
from generator.tests.stores import DATA, KEY, disk, memory, stored

__all__ = ["disk", "memory", "stored"]


def answered(method: str = "GET", front: bool = False, **headers: str):
    request = RequestFactory().generic(method, "/f", headers=headers)
    if front:
        request.META[FRONT] = True
    return file_response(request, KEY, "image/png", etag="abc", cache_control="private, no-cache")


def body(response) -> bytes:
    data = b"".join(response.streaming_content) if response.streaming else response.content
    response.close()
    return data


@pytest.mark.django_db  # the end of a reply looks at the connection another test left
class TestAnswers:
    def test_the_whole_file_comes_with_headers_that_keep_it_inert(self, stored):
        response = answered()
        assert body(response) == DATA
        assert response.status_code == 200
        assert dict(response.items()) == {
            "Content-Type": "image/png",
            "Content-Length": str(len(DATA)),
            "Accept-Ranges": "bytes",
            "ETag": '"abc"',
            "Cache-Control": "private, no-cache",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Cross-Origin-Resource-Policy": "same-site",
        }
        assert not response.cookies

    def test_a_signed_or_published_file_may_be_embedded_and_a_download_has_a_name(self, stored):
        response = file_response(
            RequestFactory().get("/f"),
            KEY,
            "image/png",
            etag="abc",
            cache_control="public, max-age=300",
            download_name="fox.png",
            embeddable=True,
        )
        assert response["Cross-Origin-Resource-Policy"] == "cross-origin"
        assert response["Content-Disposition"] == 'attachment; filename="fox.png"'
        response.close()

    def test_head_tells_the_length_and_sends_nothing(self, stored):
        response = answered("HEAD", Range="bytes=0-9")
        assert (response.status_code, body(response)) == (200, b"")
        assert response["Content-Length"] == str(len(DATA))

    @pytest.mark.parametrize("tags", ['"abc"', 'W/"abc"', '"x", "abc"', "*"])
    def test_a_copy_that_is_still_good_is_not_sent_again(self, stored, tags):
        response = answered(**{"If-None-Match": tags})
        assert (response.status_code, response.content) == (304, b"")
        assert response["ETag"] == '"abc"'
        assert response["Cache-Control"] == "private, no-cache"

    @pytest.mark.parametrize("tags", ['"abcd"', "abc", "", '"ab", "c"'])
    def test_another_copy_is_replaced(self, stored, tags):
        response = answered(**{"If-None-Match": tags})
        assert response.status_code == 200
        response.close()

    @pytest.mark.parametrize(
        ("asked", "start", "end"),
        [("bytes=0-0", 0, 1), ("bytes=10-99", 10, 100), ("bytes=-5", -5, None),
         ("bytes=100-", 100, None), ("bytes=5-99999999", 5, None), ("bytes=-99999999", 0, None)],
    )  # fmt: skip
    def test_a_range_comes_as_a_range(self, stored, asked, start, end):
        response = answered(Range=asked)
        expected = DATA[start:end]
        first = start % len(DATA)
        assert (response.status_code, body(response)) == (206, expected)
        assert response["Content-Range"] == (
            f"bytes {first}-{first + len(expected) - 1}/{len(DATA)}"
        )
        assert response["Content-Length"] == str(len(expected))

    @pytest.mark.parametrize("asked", ["bytes=179200-", "bytes=999999-1000000", "bytes=-0"])
    def test_a_range_outside_the_file_is_416_with_its_size(self, stored, asked):
        response = answered(Range=asked)
        assert response.status_code == 416
        assert response["Content-Range"] == f"bytes */{len(DATA)}"

    @pytest.mark.parametrize(
        "asked",
        ["bytes=0-1,5-6", "bytes=9-1", "bytes=-", "items=0-1", "bytes=a-b", "bytes=٣-٤",
         "bytes=1-" + "9" * 30, "bytes=--1"],
    )  # fmt: skip
    def test_several_ranges_and_nonsense_get_the_whole_file(self, stored, asked):
        response = answered(Range=asked)
        assert (response.status_code, body(response)) == (200, DATA)

    def test_a_range_of_a_file_that_has_changed_gets_the_whole_file(self, stored):
        for tag, status in (('"abc"', 206), ('"old"', 200), ('W/"abc"', 200)):
            response = answered(Range="bytes=0-9", **{"If-Range": tag})
            assert response.status_code == status
            response.close()

    def test_under_the_front_only_the_path_leaves_django(self, stored):
        response = answered(front=True, Range="bytes=0-9", **{"If-None-Match": '"abc"'})
        assert (response.status_code, response.content) == (200, b"")
        assert response["X-NB-File"] == str(stored / KEY)
        assert response["ETag"] == '"abc"'
        assert response["Content-Type"] == "image/png"
        assert "Content-Range" not in response

    def test_a_client_cannot_pretend_to_be_the_front(self, stored):
        response = answered(**{FRONT: "1", "X-NB-File": "/etc/passwd"})
        assert body(response) == DATA
        assert "X-NB-File" not in response

    @pytest.mark.parametrize("front", [False, True])
    def test_a_file_that_is_gone_is_not_found(self, disk, front):
        with pytest.raises(Http404):
            answered(front=front)

    def test_a_store_without_a_disk_is_streamed_even_under_the_front(self, memory):
        files.save(KEY, DATA)
        assert body(answered(front=True, Range="bytes=3-7")) == DATA[3:8]

    def test_closing_the_answer_closes_the_file(self, stored):
        response = answered()
        next(iter(response.streaming_content))
        held = response._resource_closers[0].__self__.file
        response.close()
        assert held.closed


def test_a_range_of_an_empty_file_is_outside_it():
    with pytest.raises(ValueError, match="outside"):
        parse_range("bytes=0-", 0)
