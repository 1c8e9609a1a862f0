"""The one place where a decoder touches a user's bytes: from a measured file to clean pixels."""

import io
import struct
import zlib

from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin, WebPImagePlugin

from generator.image_headers import Header

MAX_PROFILE_BYTES = 1024 * 1024

# Their import registers the three decoders; without them Pillow would load all of its forty.
_PLUGINS = (JpegImagePlugin, PngImagePlugin, WebPImagePlugin)
# A phone's JPEG with a depth or gain map beside the photograph opens as MPO: the photograph counts.
_PILLOW_NAMES = {"JPEG": ("JPEG", "MPO"), "PNG": ("PNG",), "WEBP": ("WEBP",)}

# What Pillow's parsers let out on broken input.
UNREADABLE = (
    ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, LookupError,
    MemoryError, OSError, RuntimeError, SyntaxError, TypeError, ValueError, Warning,
    struct.error, zlib.error, Image.DecompressionBombError, ImageCms.PyCMSError,
)  # fmt: skip

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


def decode(data: bytes, header: Header) -> Image.Image:
    """Return an upright sRGB image, RGB or RGBA, that has pixels and nothing else.

    Raise one of UNREADABLE. Each step lets go of the picture before it, so that two at most exist
    at once.
    """
    opened = Image.open(io.BytesIO(data), formats=list(_PILLOW_NAMES))
    if opened.format not in _PILLOW_NAMES[header.format]:
        raise ValueError("the decoder sees another format")
    if opened.size != (header.width, header.height):
        raise ValueError("the decoder sees another size")
    if opened.format != "MPO" and getattr(opened, "n_frames", 1) != 1:
        raise ValueError("the decoder sees more than one frame")
    # First: a PNG's getexif() loads too, and the load() after it would keep quiet about damage.
    opened.load()
    orientation = _orientation(opened)
    profile = opened.info.get("icc_profile")
    image: Image.Image = opened
    del opened
    image = _to_srgb(image, profile)
    image = _upright(image, orientation)
    return _rebuilt(image)


def _orientation(image: Image.Image) -> int:
    """Broken EXIF does not make a good picture bad: it counts as upright."""
    try:
        return int(image.getexif().get(_ORIENTATION, 1))
    except UNREADABLE:
        return 1


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_TRANSPOSE[orientation]) if orientation in _TRANSPOSE else image


def _to_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return RGB or RGBA in sRGB; a profile that is broken or for other channels is left out."""
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
    except UNREADABLE:
        return image


def _rebuilt(image: Image.Image) -> Image.Image:
    """Return the same pixels in an image that never had any metadata."""
    mode, size, pixels = image.mode, image.size, image.tobytes()
    image.close()
    return Image.frombytes(mode, size, pixels)
