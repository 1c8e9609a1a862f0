"""Contract A's shapes for the API's description; `generator.catalogue` judges the values."""

from __future__ import annotations

from rest_framework import serializers


class GenerationRequest(serializers.Serializer[dict[str, object]]):
    """A body of `POST /v1/generate` and `/v1/quote`."""

    prompt = serializers.CharField(max_length=5000)
    size = serializers.CharField(default="1024x1024", required=False)
    style = serializers.CharField(default="natural", required=False)  # type: ignore[assignment]
    model = serializers.CharField(default="nano-banana", required=False)
    n = serializers.IntegerField(min_value=1, max_value=4, default=1, required=False)
    images = serializers.ListField(child=serializers.CharField(), required=False)
    negative_prompt = serializers.CharField(required=False)
    seed = serializers.IntegerField(required=False)
    response_format = serializers.ChoiceField(("url", "b64_json"), default="url", required=False)
    webhook_url = serializers.URLField(required=False)
    public = serializers.BooleanField(default=False, required=False)
    max_credits = serializers.IntegerField(min_value=1, required=False)


class PictureReply(serializers.Serializer[dict[str, object]]):
    """One picture."""

    id = serializers.CharField()
    url = serializers.URLField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()
    thumbnail_url = serializers.URLField()
    b64_json = serializers.CharField(required=False)


class ReceiptReply(serializers.Serializer[dict[str, object]]):
    """What was quoted, charged and given back, in credits."""

    quoted = serializers.IntegerField()
    charged = serializers.IntegerField()
    refunded = serializers.IntegerField()
    reason = serializers.CharField()


class CreditsReply(serializers.Serializer[dict[str, object]]):
    """Credits this generation used, and what was left after it."""

    used = serializers.IntegerField()
    remaining = serializers.IntegerField()


class GenerationReply(serializers.Serializer[dict[str, object]]):
    """A generation in any state."""

    id = serializers.CharField()
    status = serializers.ChoiceField(("pending", "processing", "completed", "failed", "canceled"))
    progress = serializers.IntegerField()
    url = serializers.URLField(allow_null=True)
    prompt = serializers.CharField()
    created_at = serializers.DateTimeField()
    completed_at = serializers.DateTimeField(allow_null=True)
    mode = serializers.CharField()
    model = serializers.CharField()
    provider = serializers.CharField(allow_null=True)
    size = serializers.CharField()
    n = serializers.IntegerField()
    style = serializers.CharField()  # type: ignore[assignment]
    images = PictureReply(many=True)
    credits = CreditsReply(required=False)
    cost = serializers.FloatField(help_text="US dollars")
    duration_ms = serializers.IntegerField(allow_null=True)
    seed = serializers.IntegerField(allow_null=True)
    warnings = serializers.ListField(child=serializers.CharField())
    receipt = ReceiptReply()
    cancel_requested = serializers.BooleanField()


class GenerationPage(serializers.Serializer[dict[str, object]]):
    """A page of the history."""

    data = GenerationReply(many=True)  # type: ignore[assignment]
    next = serializers.URLField(allow_null=True)


class QuoteReply(serializers.Serializer[dict[str, object]]):
    """A price before it is charged."""

    credits = serializers.IntegerField()
    cost_estimate = serializers.FloatField(help_text="US dollars")
    breakdown = serializers.DictField()
