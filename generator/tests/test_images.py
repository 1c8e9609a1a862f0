"""What the image pipeline promises: a picture comes out, or a refusal that says what to do."""

import contextlib
import hashlib
import io
import os
import threading
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from generator import images
from generator.image_headers import BrokenHeader, Header, read_header
from generator.images import BadImage, TooLarge, check_upload, finish_result
from generator.pixels import UNREADABLE, decode
from generator.tests import hostile_files
from generator.tests.hostile_files import CANARY
from generator.tests.pictures import differs, encoded, opened, picture

REFUSED = hostile_files.refused()
DISARMED = hostile_files.disarmed()
CODES = {"invalid_image", "unsupported_format", "image_too_large"}
KINDS = {"JPEG": ("image/jpeg", "jpg"), "PNG": ("image/png", "png"), "WEBP": ("image/webp", "webp")}


def test_the_corpus_is_as_large_as_promised():
    assert len(REFUSED) + len(DISARMED) >= 80


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_quickly_with_words(name):
    started = time.process_time()
    for step in (check_upload, lambda data: finish_result(data, 64, 64), images.thumbnails):
        with pytest.raises(BadImage) as refusal:
            step(REFUSED[name])
        assert refusal.value.code in CODES
        assert len(refusal.value.message) > 15
    assert time.process_time() - started < 3 * 2


@pytest.mark.parametrize("name", hostile_files.other_kinds())
def test_a_file_of_another_kind_is_an_unsupported_format(name):
    with pytest.raises(BadImage) as refusal:
        check_upload(REFUSED[name])
    assert refusal.value.code == "unsupported_format"
    assert "JPEG, PNG or WEBP" in refusal.value.message


LARGE = [
    "png 12000x12000 of one bit",
    "png 20000x20000",
    "png 65535x1",
    "webp of 10000 frames",
    "webp 16384x16384",
    "jpeg 65535x65535",
    "png with a huge text",
    "jpeg of 500 scans",
]


@pytest.mark.parametrize("name", LARGE)
def test_a_bomb_is_too_large_by_its_header_alone(name):
    with pytest.raises(BadImage) as refusal:
        check_upload(REFUSED[name])
    assert refusal.value.code == "image_too_large"


@pytest.mark.parametrize("name", ["apng", "webp that moves"])
def test_a_moving_picture_is_told_to_stand_still(name):
    with pytest.raises(BadImage, match="single frame"):
        check_upload(REFUSED[name])


def test_pixels_are_worked_on_by_a_bounded_number_of_threads():
    done = threading.Event()
    data = encoded(picture(), "PNG")
    worker = threading.Thread(target=lambda: (check_upload(data), done.set()))
    with contextlib.ExitStack() as cores:
        for _ in range(max(1, (os.cpu_count() or 1) - 1)):
            cores.enter_context(images._pixel_work)
        worker.start()
        assert not done.wait(0.05)
    assert done.wait(5)
    worker.join()


@pytest.mark.parametrize("name", DISARMED)
def test_a_picture_with_luggage_keeps_only_its_pixels(name):
    checked = check_upload(DISARMED[name])
    finished = finish_result(DISARMED[name], None, None)
    for data in (checked.data, finished.data, *images.thumbnails(checked.pixels).values()):
        assert CANARY not in data
        assert b"<script" not in data
        image = Image.open(io.BytesIO(data))
        luggage = {"exif", "xmp", "icc_profile", "comment", "photoshop", "Comment", "zipped"}
        assert not luggage & set(image.info)
        assert not image.getexif()


@pytest.mark.parametrize("name", DISARMED)
def test_nothing_stands_behind_the_end_of_a_rebuilt_file(name):
    data = check_upload(DISARMED[name]).data
    whole = {
        b"\xff\xd8": data.endswith(b"\xff\xd9") and data.count(b"\xff\xd9") == 1,
        b"\x89P": data.endswith(b"IEND\xaeB`\x82"),
        b"RI": len(data) == 8 + int.from_bytes(data[4:8], "little"),
    }
    assert whole[data[:2]]


@pytest.mark.parametrize("kind", KINDS)
def test_an_upload_keeps_its_kind_and_is_described_truly(kind):
    checked = check_upload(encoded(picture(), kind))
    assert (checked.content_type, checked.extension) == KINDS[kind]
    assert (checked.width, checked.height) == (48, 32) == opened(checked).size
    assert checked.sha256 == hashlib.sha256(checked.data).hexdigest()
    assert opened(checked).format == kind
    assert differs(opened(checked), picture()) < (1 if kind == "PNG" else 90)


def test_a_lossless_webp_is_read_exactly():
    checked = check_upload(encoded(picture(), "WEBP", lossless=True))
    assert differs(checked.pixels, picture()) == 0


def test_a_picture_that_says_it_is_srgb_keeps_its_pixels():
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    checked = check_upload(encoded(picture(), "PNG", icc_profile=profile))
    assert differs(checked.pixels, picture()) == 0


@pytest.mark.parametrize(
    ("kind", "claim"),
    [
        ("PNG", Header("JPEG", 48, 32)),
        ("PNG", Header("PNG", 32, 48)),
        ("GIF", Header("PNG", 48, 32)),
    ],
)
def test_a_decoder_that_sees_something_else_than_the_header_said_is_not_trusted(kind, claim):
    with pytest.raises(UNREADABLE):
        decode(encoded(picture(), kind), claim)


def test_a_decoder_that_sees_more_frames_than_the_header_said_is_not_trusted():
    with pytest.raises(UNREADABLE, match="frame"):
        decode(hostile_files.moving("WEBP", 3), Header("WEBP", 8, 8))


def test_a_marker_without_a_body_does_not_hide_the_size():
    data = encoded(picture(), "JPEG")
    assert read_header(data[:2] + b"\xff\xd0\xff\xff" + data[2:]).width == 48


def test_a_header_of_no_kind_is_broken():
    with pytest.raises(BrokenHeader):
        read_header(b"neither")


def test_the_bytes_stay_out_of_logs():
    assert len(repr(check_upload(encoded(picture(), "PNG")))) < 200


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_every_mode_of_a_png_comes_out_as_it_looks(mode):
    image = picture("L").convert("I;16") if mode == "I;16" else picture(mode)
    if mode == "I;16":
        image = image.point(lambda value: value * 256)
    checked = check_upload(encoded(image, "PNG"))
    expected = picture("L") if mode == "I;16" else image
    assert checked.pixels.mode == ("RGBA" if mode in ("LA", "RGBA") else "RGB")
    assert differs(opened(checked), expected) == 0


@pytest.mark.parametrize("mode", ["P", "L", "RGB"])
def test_a_transparent_colour_stays_transparent(mode):
    checked = check_upload(encoded(Image.new(mode, (4, 4), 0), "PNG", transparency=_clear(mode)))
    assert checked.pixels.mode == "RGBA"
    assert checked.pixels.getpixel((1, 1))[3] == 0


def _clear(mode: str):
    return (0, 0, 0) if mode == "RGB" else 0


def test_a_cmyk_jpeg_becomes_rgb():
    checked = check_upload(encoded(Image.new("CMYK", (9, 9), (0, 255, 255, 0)), "JPEG"))
    assert checked.pixels.mode == "RGB"
    assert differs(opened(checked), Image.new("RGB", (9, 9), "red")) < 9


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", KINDS)
def test_a_turned_photograph_is_stored_upright(kind, orientation):
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}
    turned = picture()
    if orientation > 1:
        inverse = {0: 0, 1: 1, 3: 3, 5: 5, 6: 6, 2: 2, 4: 4}[undo[orientation]]
        turned = turned.transpose(Image.Transpose(inverse))
    options = {"lossless": True} if kind == "WEBP" else {}
    data = encoded(turned, kind, exif=hostile_files.exif(orientation), **options)
    checked = check_upload(data)
    assert checked.pixels.size == (48, 32)
    assert differs(checked.pixels, picture()) < (100 if kind == "JPEG" else 1)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_a_colour_profile_is_applied_before_it_is_dropped(mode):
    profile = bytearray(hostile_files.profile())
    red, green = profile.index(b"rXYZ"), profile.index(b"gXYZ")
    profile[red : red + 4], profile[green : green + 4] = b"gXYZ", b"rXYZ"
    image = Image.new(mode, (8, 8), "red")
    checked = check_upload(encoded(image, "PNG", icc_profile=bytes(profile)))
    assert checked.pixels.mode == mode
    assert checked.pixels.getpixel((1, 1))[:3] == (0, 255, 0)  # "red" of that profile is green


def test_sides_and_pixels_are_accepted_up_to_their_limits():
    for size in ((8192, 410), (1, 20), (5000, 5000)):
        check_upload(encoded(Image.new("1", size), "PNG"))


def test_a_picture_with_broken_pixels_is_refused_though_its_exif_is_read_too():
    with pytest.raises(BadImage, match="damaged"):
        check_upload(REFUSED["png with broken pixels"])


@pytest.mark.parametrize("size", [(8193, 500), (1, 21), (5001, 5000), (12_000, 12_000)])
def test_sides_and_pixels_beyond_their_limits_are_too_large(size):
    with pytest.raises(BadImage) as refusal:
        check_upload(encoded(Image.new("1", size), "PNG"))
    assert refusal.value.code == "image_too_large"


def test_more_than_ten_megabytes_are_too_large_for_an_upload_and_not_for_a_result():
    data = encoded(picture(), "JPEG") + bytes(10 * 1024 * 1024)
    with pytest.raises(TooLarge):
        check_upload(data)
    assert finish_result(data, None, None).width == 48


@pytest.mark.slow
def test_a_large_noisy_webp_that_libwebp_cannot_write_well_is_written_still():
    noise = Image.effect_noise((4992, 4992), 120).convert("RGB")
    checked = finish_result(encoded(noise, "JPEG"), None, None, output_format="webp")
    assert (checked.width, checked.content_type) == (4992, "image/webp")


SEEDS = [encoded(picture(), kind) for kind in KINDS] + list(DISARMED.values())


@st.composite
def mutated(draw) -> bytes:
    """A picture with some of its bytes changed, cut out or repeated."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, max(0, len(data) - 1)))
        length = draw(st.integers(0, 12))
        data[at : at + length] = draw(st.binary(max_size=12))
    return bytes(data)


def never_anything_but_a_refusal(data: bytes) -> None:
    with contextlib.suppress(BadImage):
        checked = check_upload(data)
        assert CANARY not in checked.data
        assert check_upload(checked.data).width == checked.width


quickly = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@quickly
@given(st.binary(max_size=300), st.sampled_from([b"", b"\xff\xd8\xff", b"RIFF\0\1\0\0WEBP"]))
def test_random_bytes_are_refused_and_nothing_else_happens(data, start):
    never_anything_but_a_refusal(start + data)


@quickly
@given(mutated())
def test_a_mutated_picture_is_read_or_refused_and_nothing_else_happens(data):
    never_anything_but_a_refusal(data)
