"""The one place where simulators make result files: small pictures, and broken ones by name."""

from __future__ import annotations

import functools
import hashlib
import io
import struct
import zlib

from PIL import Image, ImageDraw

from generator.simulators.messages import Request, Response
from generator.simulators.wire import BREAKS

AREA = 256 * 256
_HUGE = 20_000


def png(prompt: str, ratio: str = "1:1", area: int = AREA) -> bytes:
    """A PNG of about `area` pixels in this ratio whose colours come from the prompt."""
    width, height = size(ratio, area)
    digest = hashlib.sha256(prompt.encode("utf-8", "replace")).digest()
    image = Image.new("RGB", (width, height), tuple(digest[:3]))
    draw = ImageDraw.Draw(image)
    draw.ellipse((width // 4, height // 4, width * 3 // 4, height * 3 // 4), tuple(digest[3:6]))
    draw.rectangle((0, height * 4 // 5, width, height), tuple(digest[6:9]))
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def size(ratio: str, area: int = AREA) -> tuple[int, int]:
    """Width and height in pixels for a ratio such as 16:9; square for `auto` and the like."""
    wide, _, high = ratio.partition(":")
    if not (wide.isdecimal() and high.isdecimal() and int(wide) and int(high)):
        wide = high = "1"
    scale = (area / (int(wide) * int(high))) ** 0.5
    return max(1, round(int(wide) * scale)), max(1, round(int(high) * scale))


def result(name: str | None, data: bytes, request: Request) -> Response:
    """The answer to a download, broken as `name` says."""
    good = Response(200, data, {"content-type": "image/png"})
    if name is None:
        return good
    if name in BREAKS:
        good.wire = name
        return good
    if name == "redirect":
        return Response(302, b"", {"location": "http://127.0.0.1:1/inside"})
    if name.isdecimal():
        return Response(int(name), b"no such file", {"content-type": "text/plain"})
    broken = {
        "empty": b"",
        "html": b"<!doctype html><title>expired</title>",
        "cut": data[: len(data) // 2],
        "huge_pixels": huge_pixels(),
    }
    return Response(200, broken[name], {"content-type": "image/png"})


@functools.cache
def huge_pixels() -> bytes:
    """A few kilobytes that claim, truly, to be 20,000 by 20,000 pixels of one bit."""
    packer = zlib.compressobj(9)
    row = bytes(1 + _HUGE // 8)
    rows = b"".join(packer.compress(row) for _ in range(_HUGE)) + packer.flush()
    header = struct.pack(">IIBBBBB", _HUGE, _HUGE, 1, 0, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", rows), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
