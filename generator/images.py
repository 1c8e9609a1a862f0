"""The one place that turns hostile bytes into a picture of ours: checked, rebuilt from pixels, hashed.

Nothing that came in is ever stored as it came: a file is read by its magic bytes, measured before it is
decoded, decoded, and written anew from its pixels alone, so that metadata, comments, trailing archives
and scripts have nowhere to stay.
"""

import base64
import binascii
import hashlib
import io
import os
import re
import struct
import threading
import warnings
import zlib
from dataclasses import dataclass, field

from PIL import Image, ImageCms, ImageOps, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from generator.image_headers import (
    BrokenHeader,
    Header,
    MetadataTooLarge,
    other_kind,
    read_header,
    sniff,
)
from generator.watermark import draw_watermark

MAX_UPLOAD_BYTES = 10 * 1024 * 1024
MAX_RESULT_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 25_000_000
MAX_SIDE = 8192
MAX_RATIO = 20
MAX_PROFILE_BYTES = 1024 * 1024
THUMBNAIL_WIDTHS = (320, 640)

# Pillow's own guard, at our limit and as an error, for whatever in the process opens an image.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)

# Their import registers the three decoders; without them Pillow would load all of its forty.
_PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
# A phone's JPEG with a depth map or gain map beside the photograph opens as MPO: its first frame is taken.
_PILLOW_NAMES = {"JPEG": ("JPEG", "MPO"), "PNG": ("PNG",), "WEBP": ("WEBP",)}
_EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp"}
_OUTPUT_FORMATS = {"png": "PNG", "jpeg": "JPEG", "jpg": "JPEG", "webp": "WEBP"}

# What Pillow's parsers let out on broken input.
_UNREADABLE = (
    ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, LookupError, MemoryError,
    OSError, RuntimeError, SyntaxError, TypeError, ValueError, Warning, struct.error, zlib.error,
    Image.DecompressionBombError, ImageCms.PyCMSError,
)  # fmt: skip

# Pixel work holds a core and up to 300 MB: one core is left to answer requests.
_pixel_work = threading.BoundedSemaphore(max(1, (os.cpu_count() or 1) - 1))

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_ORIENTATION = 0x0112
_PROFILE_MODES = {"RGB ": ("RGB", "RGBA"), "GRAY": ("L",), "CMYK": ("CMYK",)}
_DATA_URL = re.compile(r"data:[\w.+/-]{0,100}(?:;[\w.+=-]{1,100}){0,4};base64,", re.IGNORECASE)


class BadImage(ValueError):
    """Bytes that are refused. `code` is one of invalid_image, unsupported_format, image_too_large."""

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

    data: bytes
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


def finish_result(
    data: bytes,
    width: int | None,
    height: int | None,
    watermark: str | None = None,
    output_format: str = "png",
) -> CheckedImage:
    """Check a provider's picture and return it at exactly `width` x `height` pixels (None keeps its own).

    A picture of another size is scaled to cover and cropped in the middle; one of the right size keeps
    its pixels as they are. Raise BadImage, or TooLarge above 50 MB.
    """
    _, image = _open_checked(data, MAX_RESULT_BYTES)
    size = (width or image.width, height or image.height)
    with _pixel_work:
        if image.size != size:
            image = ImageOps.fit(image, size, Image.Resampling.LANCZOS)
        if watermark and watermark.strip():
            image = draw_watermark(image, watermark)
    return _encode(image, _OUTPUT_FORMATS[output_format.lower()])


def thumbnails(image: Image.Image | bytes) -> dict[int, bytes]:
    """Return {320: webp bytes, 640: webp bytes}: that many pixels wide, or as wide as the image if it is smaller."""
    if isinstance(image, bytes):
        _, image = _open_checked(image, MAX_RESULT_BYTES)
    made: dict[int, bytes] = {}
    with _pixel_work:
        for width in sorted(THUMBNAIL_WIDTHS, reverse=True):
            image = _narrowed(image, width)
            made[width] = _write(image, "WEBP", quality=78, method=2)
    return made


def decode_base64(text: str, limit: int = MAX_UPLOAD_BYTES) -> bytes:
    """Return the bytes of strict base64 or of a base64 data URL; raise BadImage, or TooLarge above `limit` bytes."""
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
            return header.format, _decode(data, header)
        except _UNREADABLE as error:
            raise BadImage(
                "invalid_image", "The image cannot be read: it is damaged or cut off. Save it again."
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
            "image_too_large", f"The image is too narrow: its sides may differ {MAX_RATIO} times at most."
        )
    if header.frames > 1:
        raise BadImage("unsupported_format", "Animated images are not taken: send a single frame.")


def _decode(data: bytes, header: Header) -> Image.Image:
    """Each step lets go of the picture before it, so that two are the most that exist at once."""
    opened = Image.open(io.BytesIO(data), formats=list(_EXTENSIONS))
    if opened.format not in _PILLOW_NAMES[header.format]:
        raise ValueError("the decoder sees another format")
    if opened.size != (header.width, header.height):
        raise ValueError("the decoder sees another size")
    if opened.format != "MPO" and getattr(opened, "n_frames", 1) != 1:
        raise ValueError("the decoder sees more than one frame")
    orientation = _orientation(opened)
    profile = opened.info.get("icc_profile")
    opened.load()
    image: Image.Image = opened
    del opened
    image = _to_srgb(image, profile)
    image = _upright(image, orientation)
    return _rebuilt(image)


def _orientation(image: Image.Image) -> int:
    """Broken EXIF does not make a good picture bad: it counts as upright."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except _UNREADABLE:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TRANSPOSE[orientation]) if orientation in _TRANSPOSE else image


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return RGB or RGBA in sRGB; a profile that is missing, broken or for other channels is left out."""
    image = _eight_bit(image)
    target = "RGBA" if image.has_transparency_data else "RGB"
    if image.mode not in ("L", "CMYK"):
        image = image if image.mode == target else image.convert(target)
    if profile and len(profile) <= MAX_PROFILE_BYTES:
        image = _apply_profile(image, profile)
    return image if image.mode == target else image.convert(target)


def _eight_bit(image: Image.Image) -> Image.Image:
    """Scale 16-bit grey down: Pillow's convert() would clip it to white."""
    if not image.mode.startswith("I"):
        return image
    image.info.pop("transparency", None)
    return image.point(lambda value: value * (1 / 256)).convert("L")


def _apply_profile(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if image.mode not in _PROFILE_MODES.get(source.profile.xcolor_space, ()):
            return image
        if ImageCms.getProfileDescription(source).startswith("sRGB"):
            return image
        target = "RGBA" if image.mode == "RGBA" else "RGB"
        srgb = ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, source, srgb, outputMode=target) or image
    except _UNREADABLE:
        return image


def _rebuilt(image: Image.Image) -> Image.Image:
    """Return the same pixels in an image that never had any metadata."""
    mode, size, pixels = image.mode, image.size, image.tobytes()
    image.close()
    return Image.frombytes(mode, size, pixels)


def _narrowed(image: Image.Image, width: int) -> Image.Image:
    """Return the image at most `width` wide: halving is nearly free, Hamming is sharp at bilinear's cost."""
    while image.width >= 2 * width:
        image = image.reduce(2)
    if image.width <= width:
        return image
    height = max(1, round(image.height * width / image.width))
    return image.resize((width, height), Image.Resampling.HAMMING)


def _encode(image: Image.Image, kind: str) -> CheckedImage:
    with _pixel_work:
        data = _encoders[kind](image)
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


def _write_png(image: Image.Image) -> bytes:
    # Level 1 is twice as fast as the default and an eighth larger.
    return _write(image, "PNG", compress_level=1)


def _write_jpeg(image: Image.Image) -> bytes:
    if image.mode == "RGBA":
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        image = paper
    return _write(image, "JPEG", quality=92)


def _write_webp(image: Image.Image) -> bytes:
    method = 2 if image.width * image.height <= 4_000_000 else 0
    try:
        return _write(image, "WEBP", quality=90, method=method)
    except ValueError:
        # Large and noisy: libwebp's first partition (512 KB) overflows at a high quality.
        return _write(image, "WEBP", quality=60, method=method)


_encoders = {"JPEG": _write_jpeg, "PNG": _write_png, "WEBP": _write_webp}
