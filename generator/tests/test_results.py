"""What is promised of results: exact size, format and thumbnails; and of base64 that comes in."""

import base64
import io

import pytest
from PIL import Image

from generator import images
from generator.images import BadImage, TooLarge, decode_base64, finish_result
from generator.tests.pictures import differs, encoded, opened, picture


class TestResults:
    def test_a_result_of_the_right_size_keeps_its_pixels(self):
        for size in ((None, None), (48, 32)):
            finished = finish_result(encoded(picture(), "PNG"), *size)
            assert differs(opened(finished), picture()) == 0

    @pytest.mark.parametrize("size", [(64, 64), (16, 48), (48, 31), (1, 1), (300, 20)])
    def test_another_size_is_exactly_the_size_asked_for(self, size):
        finished = finish_result(encoded(picture(), "JPEG"), *size)
        assert (finished.width, finished.height) == size == opened(finished).size

    def test_cropping_keeps_the_middle_and_the_proportions(self):
        wide = Image.new("RGB", (300, 100), "red")
        wide.paste("blue", (100, 0, 200, 100))
        finished = opened(finish_result(encoded(wide, "PNG"), 50, 50))
        assert finished.getpixel((4, 25)) == finished.getpixel((45, 25)) == (0, 0, 255)

    @pytest.mark.parametrize(
        ("wanted", "type_"), [("png", "png"), ("JPEG", "jpeg"), ("jpg", "jpeg"), ("webp", "webp")]
    )
    def test_the_format_is_the_one_asked_for(self, wanted, type_):
        finished = finish_result(encoded(picture("RGBA"), "PNG"), 10, 10, output_format=wanted)
        assert finished.content_type == f"image/{type_}"

    def test_transparency_becomes_white_paper_in_a_jpeg(self):
        clear = Image.new("RGBA", (20, 20), (0, 0, 0, 0))
        finished = finish_result(encoded(clear, "PNG"), None, None, output_format="jpeg")
        assert opened(finished).getpixel((9, 9)) == (255, 255, 255)

    def test_the_largest_result_a_model_makes_is_taken(self):
        finished = finish_result(encoded(Image.new("L", (4096, 4096)), "JPEG"), None, None)
        assert finished.width == 4096


class TestThumbnails:
    @pytest.mark.parametrize(
        ("size", "widths"),
        [((1024, 768), (320, 640)), ((2000, 100), (320, 640)), ((500, 900), (320, 500)),
         ((100, 100), (100, 100)), ((7680, 400), (320, 640)), ((641, 33), (320, 640))],
    )  # fmt: skip
    def test_they_are_as_wide_as_promised_and_never_larger_than_the_image(self, size, widths):
        made = images.thumbnails(picture(size=size))
        assert sorted(made) == [320, 640]
        for name, width in zip((320, 640), widths, strict=True):
            thumbnail = Image.open(io.BytesIO(made[name]))
            assert thumbnail.format == "WEBP"
            assert thumbnail.width == width
            assert thumbnail.height == pytest.approx(width * size[1] / size[0], abs=1)

    def test_they_look_like_the_image(self):
        large = picture(size=(1024, 1024))
        small = Image.open(io.BytesIO(images.thumbnails(large)[320]))
        assert differs(small, large.resize((320, 320), Image.Resampling.LANCZOS)) < 90


class TestBase64:
    @pytest.mark.parametrize("prefix", ["", "data:image/png;base64,", "DATA:;Base64,", " "])
    def test_it_is_read_with_and_without_a_data_url(self, prefix):
        text = prefix + base64.b64encode(b"hello").decode()
        assert decode_base64(text) == b"hello"

    def test_line_breaks_of_an_encoder_are_fine(self):
        data = bytes(range(256)) * 9
        assert decode_base64(base64.encodebytes(data).decode()) == data

    @pytest.mark.parametrize(
        "text",
        ["a", "aGVsbG8", "aGVsbG8===", "aGVs bG8=", "aGVsbG8=!", "aGVsbG8_", "ａGVsbG8=", "%61",
         "data:image/png,abc", "data:image/png;base64", "data:;base64;base64", "data:",
         "data:image/png;base64,aGVsbG8", "data:" + "x" * 900 + ";base64,aGVsbG8="],
    )  # fmt: skip
    def test_anything_else_is_an_invalid_image(self, text):
        with pytest.raises(BadImage) as refusal:
            decode_base64(text)
        assert refusal.value.code == "invalid_image"

    def test_the_limit_is_exact(self):
        at_limit = base64.b64encode(bytes(100)).decode()
        assert len(decode_base64(at_limit, limit=100)) == 100
        for size in (101, 102, 103, 5000):
            with pytest.raises(TooLarge):
                decode_base64(base64.b64encode(bytes(size)).decode(), limit=100)
