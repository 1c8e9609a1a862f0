"""The one place that reads an image file's own structure before any decoder sees it.

Decoders allocate and inflate by what a header claims, so the claims are read here first: size,
number of frames and scans, bytes of metadata. JPEG: ITU T.81 annex B. PNG: W3C PNG third edition,
section 5. WebP: RFC 9649.
"""

import struct
from dataclasses import dataclass

MAX_METADATA = 4 * 1024 * 1024
MAX_CHUNKS = 20_000
# A usual progressive JPEG has ten scans; each one walks over the whole picture again.
MAX_SCANS = 50

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
PNG_PICTURE_CHUNKS = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"fdAT")
WEBP_METADATA_CHUNKS = (b"ICCP", b"EXIF", b"XMP ")
JPEG_FRAME_MARKERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
JPEG_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})

# What people send by mistake, so that the refusal can name it. (offset, bytes, name)
OTHER_KINDS = (
    (0, b"GIF8", "GIF"),
    (0, b"BM", "BMP"),
    (0, b"II*\x00", "TIFF"),
    (0, b"MM\x00*", "TIFF"),
    (0, b"8BPS", "Photoshop"),
    (0, b"%PDF", "PDF"),
    (0, b"%!PS", "EPS"),
    (0, b"PK\x03\x04", "ZIP"),
    (0, b"\x1f\x8b", "gzip"),
    (0, b"\xff\x0a", "JPEG XL"),
    (0, b"\x00\x00\x00\x0cJXL ", "JPEG XL"),
    (4, b"ftyphei", "HEIC"),
    (4, b"ftypmif1", "HEIC"),
    (4, b"ftypavi", "AVIF"),
    (4, b"ftyp", "video"),
    (0, b"\x1aE\xdf\xa3", "video"),
)


class BrokenHeader(ValueError):
    """The structure does not hold together; the text says where."""


class MetadataTooLarge(ValueError):
    """Metadata, chunks or scans beyond what any honest picture has."""


@dataclass(frozen=True)
class Header:
    """What the file claims: `format` as Pillow names it, size in pixels, number of frames."""

    format: str
    width: int
    height: int
    frames: int = 1


def sniff(data: bytes) -> str | None:
    """Return "JPEG", "PNG" or "WEBP" by the first bytes alone, or None."""
    if data.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if data.startswith(PNG_SIGNATURE):
        return "PNG"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    return None


def other_kind(data: bytes) -> str | None:
    """Name a well-known kind of file that is not taken here, or None."""
    for offset, magic, name in OTHER_KINDS:
        if data.startswith(magic, offset):
            return name
    start = data[:512].lower()
    if b"<svg" in start:
        return "SVG"
    return "HTML" if b"<html" in start or b"<!doctype html" in start else None


def read_header(data: bytes) -> Header:
    """Walk the file's structure. Raise BrokenHeader or MetadataTooLarge."""
    readers = {"JPEG": _read_jpeg, "PNG": _read_png, "WEBP": _read_webp}
    kind = sniff(data)
    if kind is None:
        raise BrokenHeader("no known signature")
    try:
        return readers[kind](data)
    except (struct.error, IndexError) as error:
        raise BrokenHeader("the file ends too early") from error


class _Budget:
    """Counts chunks and metadata bytes and stops at the limit."""

    def __init__(self) -> None:
        self.chunks = 0
        self.metadata = 0

    def chunk(self, metadata: int = 0) -> None:
        self.chunks += 1
        self.metadata += metadata
        if self.chunks > MAX_CHUNKS or self.metadata > MAX_METADATA:
            raise MetadataTooLarge("too much beside the picture")


def _read_png(data: bytes) -> Header:
    budget, position, frames, seen = _Budget(), len(PNG_SIGNATURE), 1, set()
    width, height = _png_size(data)
    while True:
        length, kind = struct.unpack_from(">I4s", data, position)
        if kind == b"IHDR" and position != len(PNG_SIGNATURE):
            raise BrokenHeader("a second IHDR")
        budget.chunk(0 if kind in PNG_PICTURE_CHUNKS else length)
        if kind == b"acTL":
            frames = max(1, struct.unpack_from(">I", data, position + 8)[0])
        seen.add(kind)
        position += length + 12
        if position > len(data):
            raise BrokenHeader("a chunk is cut off")
        if kind == b"IEND":
            break
    if b"IDAT" not in seen:
        raise BrokenHeader("no picture in it")
    return Header("PNG", width, height, frames)


def _png_size(data: bytes) -> tuple[int, int]:
    length, kind, width, height = struct.unpack_from(">I4sII", data, len(PNG_SIGNATURE))
    if kind != b"IHDR" or length != 13:
        raise BrokenHeader("IHDR is missing")
    return width, height


def _read_jpeg(data: bytes) -> Header:
    budget, position, size = _Budget(), 2, None
    while True:
        position, marker = _next_marker(data, position)
        if marker in JPEG_BARE_MARKERS:
            continue
        if marker == 0xD9:
            raise BrokenHeader("it ends before the picture")
        length = struct.unpack_from(">H", data, position)[0]
        if length < 2:
            raise BrokenHeader("a segment without length")
        budget.chunk(length if 0xE0 <= marker <= 0xFE else 0)
        if marker in JPEG_FRAME_MARKERS:
            if size:
                raise BrokenHeader("a second frame header")
            height, width = struct.unpack_from(">HH", data, position + 3)
            size = (width, height)
        if marker == 0xDA:
            break
        position += length
    if size is None:
        raise BrokenHeader("no frame header")
    # Inside coded data 0xFF is always followed by 0x00, so these two bytes are a scan.
    if data.count(b"\xff\xda", position) > MAX_SCANS:
        raise MetadataTooLarge("too many scans")
    return Header("JPEG", *size)


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """Return (position after the marker, marker); any number of 0xFF may stand before it."""
    if data[position] != 0xFF:
        raise BrokenHeader("a marker is missing")
    while data[position] == 0xFF:
        position += 1
    return position + 1, data[position]


def _read_webp(data: bytes) -> Header:
    budget, position, frames, size = _Budget(), 12, 0, None
    end = 8 + struct.unpack_from("<I", data, 4)[0]
    if end > len(data):
        raise BrokenHeader("the file is cut off")
    while position + 8 <= end:
        kind, length = struct.unpack_from("<4sI", data, position)
        budget.chunk(length if kind in WEBP_METADATA_CHUNKS else 0)
        if size is None:
            size = _webp_size(kind, data, position + 8)
        frames += kind == b"ANMF"
        position += 8 + length + length % 2
    if size is None:
        raise BrokenHeader("no picture in it")
    return Header("WEBP", *size, max(frames, 1))


def _webp_size(kind: bytes, data: bytes, start: int) -> tuple[int, int]:
    """Read the size from the first chunk, which by RFC 9649 is one of these three."""
    if kind == b"VP8X":
        return _uint24(data, start + 4) + 1, _uint24(data, start + 7) + 1
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, start + 6)
        return width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack_from("<I", data, start + 1)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise BrokenHeader("no picture in it")


def _uint24(data: bytes, start: int) -> int:
    return int.from_bytes(data[start : start + 3], "little")
