"""The one place that answers with a stored file: conditional, in ranges, and inert in a browser.

Under the front only the file's path leaves here, in an internal header, and the front sends the
bytes; under any other WSGI server they are streamed from here. HTTP: RFC 9110, sections 13 and 14.
"""

import re
from collections.abc import Iterator
from typing import IO
from urllib.parse import quote

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotModified,
    StreamingHttpResponse,
)

from generator import files

CHUNK = 64 * 1024
# In META only a WSGI server can set a key like this: a client's header would arrive as HTTP_….
FRONT = "nanobanana.front"
FILE_HEADER = "X-NB-File"
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z", re.ASCII)


def file_response(
    request: HttpRequest,
    key: str,
    content_type: str,
    *,
    etag: str,
    cache_control: str,
    download_name: str | None = None,
    attachment: bool = True,
    embeddable: bool = False,
) -> HttpResponseBase:
    """Answer GET or HEAD with the file under `key`; the caller has checked who may read it.

    `etag` comes without quotes (the sha256 will do). `download_name` adds a Content-Disposition.
    `embeddable` lets pages of other sites show the file: for signed and published addresses.
    Raise Http404 when there is no such file and files.StoreDown when the store does not answer.
    """
    headers = {
        "ETag": f'"{etag}"',
        "Cache-Control": cache_control,
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cross-Origin-Resource-Policy": "cross-origin" if embeddable else "same-site",
    }
    if download_name:
        headers["Content-Disposition"] = files.content_disposition(
            download_name, attachment=attachment
        )
    try:
        response = _response(request, key, headers["ETag"])
    except files.NoSuchFile as error:
        raise Http404 from error
    if response.status_code != 304:
        response["Content-Type"] = content_type
    for name, value in headers.items():
        response[name] = value
    return response


def parse_range(header: str, size: int) -> tuple[int, int] | None:
    """Return (first byte, byte after the last) for one range of a file of `size` bytes.

    None means: send the whole (no range, several, or one that makes no sense). Raise ValueError
    when the range lies outside the file, which is answered with 416.
    """
    match = _RANGE.match(header.strip())
    if not match or match[1] == match[2] == "":
        return None
    first, last = match[1], match[2]
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return None
    if start >= end:
        raise ValueError("the range lies outside the file")
    return start, end


def none_match(header: str, etag: str) -> bool:
    """Tell whether If-None-Match names none of our tags, so that the file has to be sent."""
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return etag not in tags and "*" not in tags


class FileSlice:
    """Bytes `start` to `end` of an open file in chunks; closing the response closes the file."""

    def __init__(self, file: IO[bytes], start: int, end: int) -> None:
        self.file, self.left = file, end - start
        file.seek(start)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        chunk = self.file.read(min(CHUNK, self.left))
        if not chunk:
            self.close()
            raise StopIteration
        self.left -= len(chunk)
        return chunk

    def close(self) -> None:
        self.file.close()


def _response(request: HttpRequest, key: str, etag: str) -> HttpResponseBase:
    size = files.size(key)
    path = files.local_path(key) if FRONT in request.META else None
    if path:
        # The front answers If-None-Match and Range itself: it has the file's bytes, we do not.
        return HttpResponse(headers={FILE_HEADER: quote(path)})
    if not none_match(request.headers.get("If-None-Match", ""), etag):
        return HttpResponseNotModified()
    try:
        part = _asked_range(request, etag, size)
    except ValueError:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    return _sent(request, key, part, size)


def _asked_range(request: HttpRequest, etag: str, size: int) -> tuple[int, int] | None:
    """A range counts only for GET, and only if the client's copy is of this very file."""
    if request.method != "GET" or request.headers.get("If-Range", etag) != etag:
        return None
    return parse_range(request.headers.get("Range", ""), size)


def _sent(
    request: HttpRequest, key: str, part: tuple[int, int] | None, size: int
) -> HttpResponseBase:
    start, end = part or (0, size)
    headers = {"Content-Length": str(end - start), "Accept-Ranges": "bytes"}
    if part:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    if request.method == "HEAD":
        return HttpResponse(headers=headers)
    body = FileSlice(files.open_file(key), start, end)
    return StreamingHttpResponse(body, status=206 if part else 200, headers=headers)
