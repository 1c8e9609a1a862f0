"""The shapes of contract E for the API's description. Values are judged elsewhere."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample, extend_schema_serializer
from rest_framework import serializers

Fields = dict[str, object]


class ImagesVariationRequest(serializers.Serializer[Fields]):
    """A form of `POST /v1/images/variations`."""

    image = serializers.FileField(help_text="JPEG, PNG or WebP of at most 10 MB")
    model = serializers.CharField(default="nano-banana", required=False)
    n = serializers.IntegerField(min_value=1, max_value=10, default=1, required=False)
    size = serializers.CharField(default="auto", required=False)
    response_format = serializers.ChoiceField(
        ("b64_json", "url"), default="b64_json", required=False
    )
    output_format = serializers.ChoiceField(("png", "jpeg", "webp"), default="png", required=False)
    output_compression = serializers.IntegerField(min_value=0, max_value=100, required=False)
    user = serializers.CharField(required=False)


@extend_schema_serializer(
    examples=[
        OpenApiExample(
            "A picture of any size",
            value={"prompt": "A banana astronaut, flat vector", "size": "1200x630", "n": 1},
            request_only=True,
        )
    ]
)
class ImagesGenerationRequest(serializers.Serializer[Fields]):
    """A body of `POST /v1/images/generations`."""

    prompt = serializers.CharField(max_length=5000)
    model = serializers.CharField(default="nano-banana", required=False)
    n = serializers.IntegerField(min_value=1, max_value=10, default=1, required=False)
    size = serializers.CharField(default="auto", required=False, help_text="auto or WxH")
    quality = serializers.CharField(required=False)
    background = serializers.CharField(required=False)
    style = serializers.CharField(required=False)  # type: ignore[assignment]
    response_format = serializers.ChoiceField(
        ("b64_json", "url"), default="b64_json", required=False
    )
    output_format = serializers.ChoiceField(("png", "jpeg", "webp"), default="png", required=False)
    output_compression = serializers.IntegerField(min_value=0, max_value=100, required=False)
    stream = serializers.BooleanField(default=False, required=False)
    partial_images = serializers.IntegerField(min_value=0, max_value=3, required=False)
    user = serializers.CharField(required=False)
    max_credits = serializers.IntegerField(min_value=1, required=False)


class ImagesEditRequest(ImagesGenerationRequest):
    """A form of `POST /v1/images/edits`; `image` or `image[]`, one or several times."""

    image = serializers.FileField(help_text="JPEG, PNG or WebP of at most 10 MB each")
    mask = serializers.FileField(
        required=False, help_text="Where its pixels are clear is painted anew"
    )


class ImagesPicture(serializers.Serializer[Fields]):
    """One picture, as base64 or by its address."""

    b64_json = serializers.CharField(required=False)
    url = serializers.URLField(required=False)


class ImagesUsage(serializers.Serializer[Fields]):
    """An estimate in tokens, and the credits that were taken."""

    total_tokens = serializers.IntegerField()
    input_tokens = serializers.IntegerField()
    output_tokens = serializers.IntegerField()
    input_tokens_details = serializers.DictField(child=serializers.IntegerField())
    output_tokens_details = serializers.DictField(child=serializers.IntegerField())
    credits = serializers.IntegerField()


class ImagesReply(serializers.Serializer[Fields]):
    """The reply of the three routes."""

    created = serializers.IntegerField(help_text="Seconds of the epoch")
    data = ImagesPicture(many=True)  # type: ignore[assignment]
    size = serializers.CharField()
    output_format = serializers.CharField()
    quality = serializers.CharField(required=False)
    background = serializers.CharField(required=False)
    usage = ImagesUsage()
