"""The one place that turns hostile bytes into a picture of ours: checked, rebuilt, hashed.

Nothing that came in is ever stored as it came: a file is known by its magic bytes, measured before
it is decoded, decoded, and written anew from its pixels alone, so that metadata, comments, trailing
archives and scripts have nowhere to stay.
"""

import base64
import binascii
import hashlib
import io
import os
import re
import threading
import warnings
from dataclasses import dataclass, field

from PIL import Image, ImageOps

from generator.image_headers import (
    BrokenHeader,
    Header,
    MetadataTooLarge,
    other_kind,
    read_header,
    sniff,
)
from generator.pixels import UNREADABLE, decode
from generator.watermark import draw_watermark

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
MAX_RESULT_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIDE = 8192
MAX_RATIO = 20
THUMBNAIL_WIDTHS = (320, 640)

# Pillow's own guard, at our limit and as an error, for whatever in the process opens an image.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

_EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_OUTPUT_FORMATS = {"png": "PNG", "jpeg": "JPEG", "jpg": "JPEG", "webp": "WEBP"}

# Pixel work holds a core and up to 300 MB: one core is left to answer requests.
_pixel_work = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) - 1))

_DATA_URL = re.compile(r"data:[\w.+/-]{0,100}(?:;[\w.+=-]{1,100}){0,4};base64,", re.IGNORECASE)


class BadImage(ValueError):
    """Refused bytes; `code` is invalid_image, unsupported_format or image_too_large."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class TooLarge(BadImage):
    """More bytes than are taken (HTTP 413)."""

    def __init__(self, limit: int) -> None:
        super().__init__(
            "file_too_large", f"The file is too large: send at most {limit // (1024 * 1024)} MB."
        )


@dataclass(frozen=True)
class CheckedImage:
    """A file that this module wrote. `pixels` saves the next step a decode and is never stored."""

    data: bytes = field(repr=False)
    content_type: str
    extension: str
    width: int
    height: int
    sha256: str
    pixels: Image.Image = field(repr=False, compare=False)


def check_upload(data: bytes) -> CheckedImage:
    """Check bytes that a user sent and return them rebuilt, in the format they came in.

    Raise BadImage with a message that says what to do, or TooLarge above 10 MB.
    """
    kind, image = _open_checked(data, MAX_UPLOAD_BYTES)
    return _encode(image, kind)


def require_clear_pixels(mask: bytes) -> None:
    """Raise BadImage for a mask without clear pixels: it names nothing to paint anew."""
    _, image = _open_checked(mask, MAX_UPLOAD_BYTES)
    if image.mode != "RGBA" or image.getchannel("A").getextrema()[0] == 255:
        words = "The mask has no clear pixels: make those clear that are to be painted anew."
        raise BadImage("invalid_image", words)


def finish_result(
    data: bytes,
    width: int | None,
    height: int | None,
    watermark: str | None = None,
    output_format: str = "png",
    quality: int | None = None,
) -> CheckedImage:
    """Check a provider's picture and return it at exactly `width` x `height` pixels (None: own).

    A picture of another size is scaled to cover and cropped in the middle; one of the right size
    keeps its pixels as they are. `quality` is JPEG's and WebP's, 0 to 100 (None: our usual). Raise
    BadImage, or TooLarge above 50 MB.
    """
    _, image = _open_checked(data, MAX_RESULT_BYTES)
    size = (width or image.width, height or image.height)
    with _pixel_work:
        if image.size != size:
            image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
        if watermark and watermark.strip():
            image = draw_watermark(image, watermark)
    return _encode(image, _OUTPUT_FORMATS[output_format.lower()], quality)


def thumbnails(image: Image.Image | bytes) -> dict[int, bytes]:
    """Return WebP bytes by width, 320 and 640 pixels; a smaller image keeps its own width."""
    if isinstance(image, bytes):
        _, image = _open_checked(image, MAX_RESULT_BYTES)
    made: dict[int, bytes] = {}
    with _pixel_work:
        for width in sorted(THUMBNAIL_WIDTHS, reverse=True):
            image = _narrowed(image, width)
            made[width] = _write(image, "WEBP", quality=78, method=2)
    return made


def decode_base64(text: str, limit: int = MAX_UPLOAD_BYTES) -> bytes:
    """Return the bytes of strict base64 or a base64 data URL.

    Raise BadImage, or TooLarge above `limit` bytes.
    """
    text = text.strip()
    if text[:5].lower() == "data:":
        prefix = _DATA_URL.match(text[:600])
        if prefix is None:
            raise BadImage("invalid_image", "The data URL must read data:image/png;base64,…")
        text = text[prefix.end() :]
    if len(text) > (limit + 2) // 3 * 4 + limit // 32:
        raise TooLarge(limit)
    try:
        # Line breaks are what encoders put in; anything else outside the alphabet is refused.
        data = base64.b64decode(text.replace("\r", "").replace("\n", ""), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadImage("invalid_image", "The image is not valid base64.") from error
    if len(data) > limit:
        raise TooLarge(limit)
    return data


def _open_checked(data: bytes, limit: int) -> tuple[str, Image.Image]:
    """Return (format, clean RGB or RGBA image without any metadata)."""
    header = _check_header(data, limit)
    with _pixel_work:
        try:
            return header.format, decode(data, header)
        except UNREADABLE as error:
            raise BadImage(
                "invalid_image",
                "The image cannot be read: it is damaged or cut off. Save it again.",
            ) from error


def _check_header(data: bytes, limit: int) -> Header:
    if not data:
        raise BadImage("invalid_image", "The file is empty.")
    if len(data) > limit:
        raise TooLarge(limit)
    if sniff(data) is None:
        named = other_kind(data)
        found = f"This is a {named} file" if named else "This is no image"
        raise BadImage("unsupported_format", f"{found}: send JPEG, PNG or WEBP.")
    try:
        header = read_header(data)
    except BrokenHeader as error:
        raise BadImage("invalid_image", f"The image is damaged: {error}.") from error
    except MetadataTooLarge as error:
        raise BadImage(
            "image_too_large", "The image carries too much metadata: save it again without."
        ) from error
    _check_size(header)
    return header


def _check_size(header: Header) -> None:
    short, long = sorted((header.width, header.height))
    if short < 1:
        raise BadImage("invalid_image", "The image has no pixels.")
    if long > MAX_SIDE or short * long * header.frames > MAX_PIXELS:
        raise BadImage(
            "image_too_large",
            f"The image is too large: at most {MAX_SIDE} pixels a side and 25 megapixels in all.",
        )
    if long > short * MAX_RATIO:
        raise BadImage(
            "image_too_large",
            f"The image is too narrow: its sides may differ {MAX_RATIO} times at most.",
        )
    if header.frames > 1:
        raise BadImage("unsupported_format", "Animated images are not taken: send a single frame.")


def _narrowed(image: Image.Image, width: int) -> Image.Image:
    """Return it at most `width` wide: halving is nearly free, Hamming sharp at bilinear's cost."""
    while image.width >= 2 * width:
        image = image.reduce(2)
    if image.width <= width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.HAMMING)


def _encode(image: Image.Image, kind: str, quality: int | None = None) -> CheckedImage:
    with _pixel_work:
        data = _encoders[kind](image, quality)
    return CheckedImage(
        data=data,
        content_type=f"image/{kind.lower()}",
        extension=_EXTENSIONS[kind],
        width=image.width,
        height=image.height,
        sha256=hashlib.sha256(data).hexdigest(),
        pixels=image,
    )


def _write(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _write_png(image: Image.Image, _: int | None = None) -> bytes:
    # Level 1 is twice as fast as the default and an eighth larger.
    return _write(image, "PNG", compress_level=1)


def _write_jpeg(image: Image.Image, quality: int | None = None) -> bytes:
    if image.mode == "RGBA":
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        image = paper
    return _write(image, "JPEG", quality=92 if quality is None else quality)


def _write_webp(image: Image.Image, quality: int | None = None) -> bytes:
    method = 2 if image.width * image.height <= 4_000_000 else 0
    try:
        wanted = 90 if quality is None else quality
        return _write(image, "WEBP", quality=wanted, method=method)
    except ValueError:
        # Large and noisy: libwebp's first partition (512 KB) overflows at a high quality.
        return _write(image, "WEBP", quality=60, method=method)


_encoders = {"JPEG": _write_jpeg, "PNG": _write_png, "WEBP": _write_webp}
