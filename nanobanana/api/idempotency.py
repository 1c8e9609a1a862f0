"""How a charging request is accepted at most once: by its key, or as a stock client's retry."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from rest_framework.request import Request

from accounts.owner import Owner
from generator import engine, idempotency
from generator.catalogue import Draft
from generator.models import Generation, IdempotencyRecord
from nanobanana.api.errors import ApiError


@dataclass(frozen=True)
class Accepted:
    """What a request became: its generation, and whether an earlier request had made it."""

    generation: Generation
    remaining: int | None
    replayed: bool = False


def read_key(request: Request) -> str | None:
    """The Idempotency-Key without quotes; 400 for one that is no 1 to 255 printable characters."""
    value = request.headers.get("Idempotency-Key")
    if value is None:
        return None
    key = value.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1]
    if not 1 <= len(key) <= 255 or not key.isprintable() or not key.isascii():
        raise ApiError("idempotency_key_invalid")
    return key


def digest(route: str, fields: Mapping[str, Any]) -> str:
    """The hash of route and parsed fields (files by their digests): what "the same body" means."""
    text = json.dumps(fields, sort_keys=True, ensure_ascii=True, default=str)
    return hashlib.sha256(f"{route}\n{text}".encode()).hexdigest()


def accept(
    request: Request,
    owner: Owner,
    route: str,
    fields: Mapping[str, Any],
    draft: Callable[[], Draft],
) -> Accepted:
    """Accept the request once. `draft` is asked only where nothing was accepted before.

    Raises what `engine.submit` and `catalogue.validate` raise, and ApiError for a bad key or a
    deleted result.
    """
    key, body = read_key(request), digest(route, fields)
    try:
        idempotency.check(owner, key, body)
        if key is None and _is_stock_retry(request):
            joined = idempotency.join(owner, body)
            if joined is not None:
                return _replay(joined)
        made = draft()
        generation = engine.submit(owner, made, key=key, body=body)
    except idempotency.Repeat as repeat:
        return _replay(repeat.record)
    return Accepted(generation, generation.balance_after)


def _is_stock_retry(request: Request) -> bool:
    count = request.headers.get("x-stainless-retry-count", "0")
    return len(count) <= 9 and count.isdecimal() and int(count) > 0


def _replay(record: IdempotencyRecord) -> Accepted:
    if record.generation.deleted_at is not None:
        raise ApiError("gone")
    idempotency.held([record.generation_id])
    return Accepted(record.generation, record.credits_remaining, replayed=True)
