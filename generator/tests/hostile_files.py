"""The corpus of files that wish us ill, built in memory: name -> bytes.

`refused()` must never be stored, `disarmed()` may be stored only rebuilt. Every file that can carry
words carries CANARY, so that one search tells whether something came through.
"""

import gzip
import io
import itertools
import struct
import zipfile
import zlib

from PIL import Image, ImageCms, PngImagePlugin

from generator.tests.pictures import encoded, picture

CANARY = b"canary-7f3a-secret"
PNG_START = b"\x89PNG\r\n\x1a\n"
SCRIPT = b"<script>alert('" + CANARY + b"')</script>"


def png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*chunks: bytes, size: tuple[int, int] = (1, 1), bits: int = 8, colour: int = 0) -> bytes:
    """A PNG of the given chunks between IHDR and IEND; one grey pixel if none is a picture."""
    head = png_chunk(b"IHDR", struct.pack(">IIBBBBB", *size, bits, colour, 0, 0, 0))
    if not any(chunk[4:8] == b"IDAT" for chunk in chunks):
        chunks = (*chunks, png_chunk(b"IDAT", zlib.compress(b"\0\0")))
    return PNG_START + head + b"".join(chunks) + png_chunk(b"IEND", b"")


def png_bomb(width: int, height: int) -> bytes:
    """Black, one bit a pixel: kilobytes that unpack to as many pixels as asked."""
    packer = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    data = b"".join(packer.compress(row) for _ in range(min(height, 12_000))) + packer.flush()
    return png(png_chunk(b"IDAT", data), size=(width, height), bits=1)


def jpeg_segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg_with(*segments: bytes, image: Image.Image | None = None, **options: object) -> bytes:
    """A JPEG with extra segments right after its first two bytes."""
    data = encoded(image or picture(), "JPEG", **options)
    return data[:2] + b"".join(segments) + data[2:]


def jpeg_claiming(width: int, height: int) -> bytes:
    """A small JPEG whose frame header claims another size."""
    data = encoded(picture(), "JPEG")
    start = data.index(b"\xff\xc0") + 5
    return data[:start] + struct.pack(">HH", height, width) + data[start + 4 :]


def riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def webp(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def vp8x(width: int, height: int, flags: int = 0) -> bytes:
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff(b"VP8X", bytes([flags, 0, 0, 0]) + size)


def moving(kind: str, frames: int, size: tuple[int, int] = (8, 8), **options: object) -> bytes:
    pictures = [Image.new("RGB", size, (n * 80 % 256, n // 3 % 256, 9)) for n in range(frames)]
    return encoded(
        pictures[0], kind, save_all=True, append_images=pictures[1:], duration=10, **options
    )


def exif(orientation: int | None = None) -> Image.Exif:
    """EXIF with the canary in its text fields and a place on earth."""
    data = Image.Exif()
    if orientation:
        data[0x0112] = orientation
    for tag in (0x010E, 0x010F, 0x0131, 0x013B, 0x8298):
        data[tag] = CANARY.decode()
    data.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 0.0), 3: "W", 4: (0.0, 7.0, 0.0)})
    return data


def profile() -> bytes:
    """A working ICC profile, not named sRGB, with the canary behind its end."""
    made = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return made.replace(b"sRGB", b"oRGB").replace(b"s\0R\0G\0B", b"o\0R\0G\0B") + CANARY


def text_chunks() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", CANARY.decode())
    info.add_text("zipped", CANARY.decode() * 9, zip=True)
    info.add_itxt("XML:com.adobe.xmp", f"<x>{CANARY.decode()}</x>")
    info.add_itxt("zipped", CANARY.decode() * 9, zip=True)
    return info


def zipped() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("evil.html", SCRIPT)
    return file.getvalue()


def other_kinds() -> dict[str, bytes]:
    """Files of other kinds, whatever their name says."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg">' + SCRIPT + b"</svg>"
    boxes = ("heic", "heix", "mif1", "avif", "isom", "mp42", "qt  ")
    return {
        "html": b"<!DOCTYPE html><html>" + SCRIPT,
        "html without a head": SCRIPT * 20,
        "svg": svg,
        "svg after xml": b'<?xml version="1.0"?>' + svg,
        "svgz": gzip.compress(svg),
        "gif": encoded(picture("P"), "GIF"),
        "gif with js": b"GIF89a/*" + b"\0" * 20 + b"*/=1;" + SCRIPT,
        "pdf": b"%PDF-1.7\n1 0 obj<</S/JavaScript/JS(" + CANARY + b")>>",
        "zip": zipped(),
        "exe": b"MZ" + bytes(58) + b"\x80\0\0\0" + b"This program cannot be run in DOS mode",
        "elf": b"\x7fELF\x02\x01\x01" + bytes(57),
        "class": b"\xca\xfe\xba\xbe\0\0\0\x34" + bytes(20),
        "shell": b"#!/bin/sh\necho " + CANARY,
        "php": b"<?php echo '" + CANARY + b"';",
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(" + CANARY + b") run",
        "psd": b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 9, 9, 8, 3) + bytes(40),
        "tiff": encoded(picture(), "TIFF"),
        "tiff big endian": b"MM\0*" + bytes(30),
        "bmp": encoded(picture(), "BMP"),
        "ico": encoded(picture(size=(32, 32)), "ICO"),
        "icns": b"icns" + bytes(30),
        "ppm": encoded(picture(), "PPM"),
        "tga": encoded(picture(), "TGA"),
        "jpeg2000": encoded(picture(), "JPEG2000"),
        "jpegxl": b"\xff\x0a" + bytes(30),
        "avif that is real": encoded(picture(), "AVIF"),
        **{f"{box} box": b"\0\0\0\x20ftyp" + box.encode() + bytes(20) for box in boxes},
        "webm": b"\x1aE\xdf\xa3" + bytes(30),
        "wav in riff": b"RIFF\x24\0\0\0WAVEfmt " + bytes(28),
        "mp3": b"ID3\x04" + bytes(30),
        "json": b'{"prompt": "' + CANARY + b'"}',
        "words": CANARY * 10,
        "zeroes": bytes(1000),
        "utf-16 html": "<html><script>".encode("utf-16"),
        "html before a png": SCRIPT + encoded(picture(), "PNG"),
        "newline before a jpeg": b"\n" + encoded(picture(), "JPEG"),
    }


def bombs() -> dict[str, bytes]:
    """Small files that would become large ones in a careless decoder."""
    text = zlib.compress(bytes(90_000_000), 9)
    return {
        "png 12000x12000 of one bit": png_bomb(12_000, 12_000),
        "png 20000x20000": png_bomb(20_000, 20_000),
        "png 65535x1": png_bomb(65_535, 1),
        "png 1x8000": png_bomb(1, 8000),
        "png 2147483647x2147483647": png(size=(2**31 - 1, 2**31 - 1)),
        "png 5001x5000": png(size=(5001, 5000)),
        "jpeg 65535x65535": jpeg_claiming(65_535, 65_535),
        "jpeg 8193x100": jpeg_claiming(8193, 100),
        "webp 16384x16384": webp(vp8x(16_384, 16_384), riff(b"VP8 ", bytes(30))),
        "webp 16777216x1": webp(vp8x(2**24, 1), riff(b"VP8 ", bytes(30))),
        "webp of 10000 frames": webp(
            vp8x(100, 100, 2), riff(b"ANIM", bytes(6)), riff(b"ANMF", bytes(24)) * 10_000
        ),
        "png with a huge text": png(png_chunk(b"tEXt", b"a\0" + b"x" * 5_000_000)),
        "png with a packed text": png(png_chunk(b"zTXt", b"a\0\0" + text)),
        "png with a packed utf-8 text": png(png_chunk(b"iTXt", b"a\0\1\0\0\0" + text)),
        "png with a packed profile": png(png_chunk(b"iCCP", b"a\0\0" + text)),
        "png of 30000 chunks": png(*[png_chunk(b"tEXt", b"a\0b")] * 30_000),
        "jpeg with 5 MB of comments": jpeg_with(*[jpeg_segment(0xFE, bytes(65_000))] * 80),
        "jpeg of 30000 comments": jpeg_with(*[jpeg_segment(0xFE, b"")] * 30_000),
        "jpeg of 500 scans": many_scans(500),
        "webp with 5 MB of xmp": webp(
            vp8x(48, 32, 4), encoded(picture(), "WEBP")[12:], riff(b"XMP ", bytes(5_000_000))
        ),
    }


def many_scans(count: int) -> bytes:
    """A progressive JPEG that repeats its last scan, each of which walks over the whole picture."""
    data = encoded(picture(), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def damaged() -> dict[str, bytes]:
    """Files that begin well."""
    jpeg, plain = encoded(picture(), "JPEG"), encoded(picture(), "PNG")
    lossy, lossless = encoded(picture(), "WEBP"), encoded(picture(), "WEBP", lossless=True)
    cut = {
        f"{kind} cut after {share}%": data[: len(data) * share // 100]
        for (kind, data), share in itertools.product(
            {"jpeg": jpeg, "png": plain, "webp": lossy, "lossless webp": lossless}.items(),
            (1, 10, 50, 80),
        )
    }
    return cut | {
        "nothing": b"",
        "one byte": b"\xff",
        "jpeg of three bytes": b"\xff\xd8\xff",
        "jpeg of 0xff": b"\xff\xd8" + b"\xff" * 9000,
        "jpeg without a frame": b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(9) + b"\xff\xda\0\x02",
        "jpeg that ends at once": b"\xff\xd8\xff\xd9",
        "jpeg with an empty segment": b"\xff\xd8\xff\xe0\0\0" + bytes(20),
        "jpeg with two frames": jpeg_with(jpeg_segment(0xC0, b"\x08\0\x09\0\x09\x01\x01\x11\0")),
        "jpeg of no height": jpeg_claiming(48, 0),
        "jpeg then html": b"\xff\xd8\xff" + b"<html>" + SCRIPT,
        "png signature alone": PNG_START,
        "png then html": PNG_START + b"<html>" + SCRIPT * 5,
        "png of no width": png(size=(0, 1)),
        "png without a picture": PNG_START + plain[8:33] + png_chunk(b"IEND", b""),
        "png with two heads": plain[:33] + plain[8:33] + plain[33:],
        "png whose head is late": PNG_START + png_chunk(b"tEXt", b"a\0b") + plain[8:],
        "png with a wrong checksum": plain[:29] + b"\0\0\0\0" + plain[33:],
        "png with broken pixels": png(png_chunk(b"IDAT", b"x\x9c" + bytes(30)), size=(9, 9)),
        "png with a lying length": plain[:33] + b"\xff\xff\xff\xff" + plain[37:],
        "png of an unknown colour": png(colour=5),
        "apng": moving("PNG", 3),
        "webp that moves": moving("WEBP", 3),
        "webp without chunks": webp(),
        "webp of an unknown chunk": webp(riff(b"ABCD", bytes(20))),
        "webp of zeroes": webp(riff(b"VP8 ", bytes(40))),
        "webp with a lying canvas": webp(vp8x(100, 100), encoded(picture(), "WEBP")[12:]),
        "webp then html": b"RIFF\xff\0\0\0WEBP<html>" + SCRIPT * 9,
    }


def refused() -> dict[str, bytes]:
    return other_kinds() | bombs() | damaged()


def disarmed() -> dict[str, bytes]:
    """Honest pictures with something in their luggage: kept, but only the pixels."""
    jpeg, plain = encoded(picture(), "JPEG"), encoded(picture(), "PNG")
    lossy = encoded(picture(), "WEBP")
    secret = {"exif": exif(), "icc_profile": profile(), "xmp": b"<x>" + CANARY + b"</x>"}
    return {
        "jpeg then html": jpeg + b"<html>" + SCRIPT,
        "jpeg then zip": jpeg + zipped(),
        "jpeg then php": jpeg + b"<?php '" + CANARY + b"'",
        "jpeg then jpeg": jpeg + jpeg_with(jpeg_segment(0xFE, CANARY)),
        "png then zip": plain + zipped() + CANARY,
        "png then html": plain + SCRIPT,
        "webp then zip": lossy + zipped() + CANARY,
        "jpeg with js in a comment": jpeg_with(jpeg_segment(0xFE, b"*/=1;" + SCRIPT)),
        "jpeg with a text comment": encoded(picture(), "JPEG", comment=CANARY),
        "jpeg with exif": encoded(picture(), "JPEG", exif=exif()),
        "jpeg with everything": encoded(picture(), "JPEG", comment=CANARY, **secret),
        "jpeg with broken exif": jpeg_with(jpeg_segment(0xE1, b"Exif\0\0MM\0*\xff\xff" + CANARY)),
        "jpeg with exif of another kind": jpeg_with(jpeg_segment(0xE1, b"Exif\0\0XX" + CANARY)),
        "grey jpeg with a colour profile": encoded(picture("L"), "JPEG", icc_profile=profile()),
        "jpeg turned by a word": jpeg_with(
            jpeg_segment(
                0xE1,
                b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x02\0\0\0x\0\0\0" + bytes(4) + CANARY,
            )
        ),
        "jpeg with a broken profile": encoded(picture(), "JPEG", icc_profile=CANARY * 40),
        "jpeg with photoshop data": jpeg_with(jpeg_segment(0xED, b"Photoshop 3.0\0" + CANARY)),
        "jpeg with app segments": jpeg_with(
            *[jpeg_segment(0xE2 + n, CANARY) for n in range(12) if n != 11]
        ),
        "png with text": encoded(picture(), "PNG", pnginfo=text_chunks()),
        "png with everything": encoded(picture(), "PNG", pnginfo=text_chunks(), **secret),
        "png with chunks of its own": png(png_chunk(b"teSt", CANARY), png_chunk(b"caBX", CANARY)),
        "webp with everything": encoded(picture(), "WEBP", **secret),
        "webp with an unknown chunk": webp(lossy[12:], riff(b"ABCD", CANARY)),
        "png with pixels beyond its end": png(png_chunk(b"IDAT", zlib.compress(bytes(50_000_000)))),
        "phone jpeg of two pictures": moving("MPO", 2, (48, 32)),
    }
