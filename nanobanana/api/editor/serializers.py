"""The shapes of contract D for the API's description. Values are judged by `orders`."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

RATIOS = "1:1, 9:16, 16:9, 4:3, 3:4, and what else the model declares"
_ID = "7a0e5b1c-33aa-4b7e-8a52-0c9d8e7f6a5b"
_JOB = "2f1c8a52-6d0f-4f5e-9a43-6a7b8c9d0e1f"
_URL = f"https://nanobanana.example/f/{_ID}?t=…"
_SMALL = f"https://nanobanana.example/f/{_ID}/640?t=…"
Fields = dict[str, object]


class InputImage(serializers.Serializer[Fields]):
    """A reference image. Of one with an id nothing else is read."""

    type = serializers.ChoiceField(("media_input",), required=False)
    id = serializers.CharField(required=False)
    url = serializers.CharField(required=False, help_text="Fetched where there is no id")
    width = serializers.IntegerField(required=False)
    height = serializers.IntegerField(required=False)


class EditorEditRequest(serializers.Serializer[Fields]):
    """A body of `POST /api/nano-banana/image-to-image`."""

    prompt = serializers.CharField(max_length=5000)
    input_image = serializers.CharField(help_text="Base64, a data URL, an https address or an id")
    aspectRatio = serializers.CharField(default="1:1", required=False, help_text=RATIOS)
    style = serializers.CharField(required=False)  # type: ignore[assignment]
    max_credits = serializers.IntegerField(min_value=1, required=False)


class PictureRequest(serializers.Serializer[Fields]):
    """A body of `POST /api/nano-banana/generate`, of either kind."""

    prompt = serializers.CharField(max_length=5000)
    aspectRatio = serializers.CharField(default="1:1", required=False, help_text=RATIOS)
    aspect_ratio = serializers.CharField(required=False, help_text=RATIOS)
    input_images = serializers.ListField(child=InputImage(), max_length=5, required=False)
    resolution = serializers.ChoiceField(("1k", "2k", "4k"), required=False)
    model = serializers.CharField(default="nano-banana", required=False)
    n = serializers.IntegerField(min_value=1, max_value=4, default=1, required=False)
    style = serializers.CharField(required=False)  # type: ignore[assignment]
    max_credits = serializers.IntegerField(min_value=1, required=False)


class VideoRequest(serializers.Serializer[Fields]):
    """A body of `POST /api/nano-banana/generate-video`."""

    prompt = serializers.CharField(max_length=5000)
    input_images = serializers.ListField(child=InputImage(), max_length=5, required=False)
    duration = serializers.ChoiceField(("5s", "10s"), default="5s", required=False)
    quality = serializers.ChoiceField(("720p", "1080p"), default="720p", required=False)
    aspect_ratio = serializers.CharField(
        default="16:9", required=False, help_text="16:9, 9:16 or 1:1"
    )
    audio = serializers.BooleanField(default=False, required=False)
    model = serializers.CharField(default="kling-2.5-turbo", required=False)
    max_credits = serializers.IntegerField(min_value=1, required=False)


class EditorCredits(serializers.Serializer[Fields]):
    """Credits this order took, and what was left after it."""

    used = serializers.IntegerField()
    remaining = serializers.IntegerField(allow_null=True)


class EditorMetadata(serializers.Serializer[Fields]):
    """Who served it; null while nobody has."""

    provider = serializers.CharField(allow_null=True)
    model = serializers.CharField(allow_null=True)
    mode = serializers.CharField()


class EditorReply(serializers.Serializer[Fields]):
    """The reply to an order: with the picture when it waited, with the job's id always."""

    success = serializers.BooleanField()
    job_id = serializers.CharField()
    status = serializers.ChoiceField(("pending", "processing", "completed"))
    image = serializers.CharField(allow_null=True)
    thumbnailUrl = serializers.CharField(allow_null=True)
    images = serializers.ListField(child=serializers.CharField(), required=False)
    credits = EditorCredits()
    model = serializers.CharField()
    metadata = EditorMetadata()
    warnings = serializers.ListField(child=serializers.CharField())


class JobReply(serializers.Serializer[Fields]):
    """A job in any state."""

    job_id = serializers.CharField()
    status = serializers.ChoiceField(("pending", "processing", "completed", "failed"))
    result = serializers.CharField(allow_null=True)
    results = serializers.ListField(child=serializers.CharField())
    progress = serializers.IntegerField(min_value=0, max_value=100)
    error = serializers.CharField(required=False)


class SlotReply(serializers.Serializer[Fields]):
    """Where to PUT an image, and where it will be."""

    id = serializers.CharField()
    url = serializers.URLField()
    upload_url = serializers.URLField(help_text="One PUT within 15 minutes, at most 10 MB")
    upload_headers = serializers.DictField(child=serializers.CharField())


class CheckRequest(serializers.Serializer[Fields]):
    """A body of `POST /api/nano-banana/upload/check`."""

    img_id = serializers.CharField()


class CheckReply(serializers.Serializer[Fields]):
    """What became of an upload."""

    status = serializers.ChoiceField(("success", "pending", "failed"))
    message = serializers.CharField()


WAITED = OpenApiExample(
    "A reply that waited",
    {
        "success": True,
        "job_id": _JOB,
        "status": "completed",
        "image": _URL,
        "thumbnailUrl": _SMALL,
        "images": [_URL],
        "credits": {"used": 20, "remaining": 980},
        "model": "nano-banana",
        "metadata": {
            "provider": "KIE API",
            "model": "google/nano-banana-edit",
            "mode": "text-to-image",
        },
        "warnings": [],
    },
    response_only=True,
    status_codes=["200"],
)
JOB = OpenApiExample(
    "A job",
    {
        "success": True,
        "job_id": _JOB,
        "status": "pending",
        "image": None,
        "thumbnailUrl": None,
        "credits": {"used": 20, "remaining": 980},
        "model": "nano-banana",
        "metadata": {"provider": None, "model": None, "mode": "text-to-image"},
        "warnings": [],
    },
    response_only=True,
    status_codes=["200"],
)
FINISHED = OpenApiExample(
    "A completed job",
    {"job_id": _JOB, "status": "completed", "result": _URL, "results": [_URL], "progress": 100},
    response_only=True,
)
SLOT = OpenApiExample(
    "An upload address",
    {
        "id": _ID,
        "url": _URL,
        "upload_url": f"https://nanobanana.example/api/nano-banana/upload/{_ID}?t=…",
        "upload_headers": {"Content-Type": "application/octet-stream"},
    },
    response_only=True,
)
CHECKED = OpenApiExample(
    "A good image",
    {"status": "success", "message": "The image is ready to use."},
    response_only=True,
)
