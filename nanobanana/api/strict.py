"""Strict fields for bodies: text is text, and what is null, false or empty is absent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers

_GREATEST_CAP = 10**12

Fields = dict[str, Any]


class Text(serializers.CharField):
    """Text and nothing else: a number is not taken for one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            raise serializers.ValidationError("Send text.")
        return super().to_internal_value(data)


class Email(Text, serializers.EmailField):
    """An e-mail address, in lower case."""

    def to_internal_value(self, data: Any) -> str:
        return super().to_internal_value(data).lower()


class Cap(serializers.IntegerField):
    """A whole number of credits above zero; no text, no fraction, no truth value."""

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=_GREATEST_CAP, **options)

    def to_internal_value(self, data: Any) -> int:
        """The number as it came."""
        if type(data) is not int:
            raise serializers.ValidationError("Send a whole number of credits above 0.")
        return data


class Switch(serializers.BooleanField):
    """True or false and nothing else: no text, no number."""

    def to_internal_value(self, data: Any) -> bool:
        """The value as it came."""
        if not isinstance(data, bool):
            raise serializers.ValidationError("Send true or false.")
        return data


def checked(
    kind: type[serializers.Serializer[Fields]], body: Mapping[str, Any], *, keep: bool = False
) -> Fields:
    """The fields of `body` as `kind` wants them; null, false and "" are absent. 400 otherwise.

    `keep`: false and "" are values here, because the fields say how something is to be.
    """
    absent = (lambda value: value is None) if keep else _is_absent
    given = {name: value for name, value in body.items() if not absent(value)}
    serializer = kind(data=given)
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def _is_absent(value: Any) -> bool:
    return value is None or value is False or value == ""
