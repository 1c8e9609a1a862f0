"""How bodies are read: JSON objects, strictly, within a size that the route sets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any

from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.parsers import BaseParser, MultiPartParser

from nanobanana.api.errors import ApiError

JSON_LIMIT = 1024 * 1024
JSON_WITH_FILES = 15 * 1024 * 1024
MULTIPART_LIMIT = 80 * 1024 * 1024


def parse_object(raw: bytes) -> dict[str, Any]:
    """The JSON object in `raw`. ParseError for the rest: broken, deep, doubled names, NaN."""
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_refuse, object_pairs_hook=_unique)
    except RecursionError as error:
        raise ParseError("The JSON is nested too deeply.") from error
    except ValueError as error:
        raise ParseError("The body is not valid JSON.") from error
    if not isinstance(value, dict):
        raise ParseError("The body must be a JSON object.")
    return value


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are unique: two readers must not see two different requests."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


class JSONParser(BaseParser):
    """Reads a JSON object, at most as large as the view allows."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """The body as an object; an empty one is an empty object."""
        view = (parser_context or {}).get("view")
        limit = getattr(view, "body_limit", JSON_LIMIT)
        raw = stream.read(limit + 1)
        if len(raw) > limit:
            raise ApiError("payload_too_large")
        return parse_object(raw) if raw.strip() else {}


class PlainJSONParser(JSONParser):
    """The same without a content type or as text/plain: only with a token, never a cookie."""

    media_type = "text/plain"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """As JSON, where the credential is a token: any site's form can send this with a cookie."""
        request = (parser_context or {})["request"]
        if getattr(request, "auth", None) is None:
            raise UnsupportedMediaType("text/plain")
        return super().parse(stream, media_type, parser_context)


class FormParser(MultiPartParser):
    """Reads multipart forms, at most as large as the view's `form_limit`; files go to disk."""

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The form's fields and files."""
        context = dict(parser_context or {})
        limit = getattr(context.get("view"), "form_limit", MULTIPART_LIMIT)
        if int(context["request"].META.get("CONTENT_LENGTH") or 0) > limit:
            raise ApiError("payload_too_large")
        try:
            return super().parse(stream, media_type, context)
        except ParseError as error:
            raise ApiError("invalid_request", "The form cannot be read.") from error
