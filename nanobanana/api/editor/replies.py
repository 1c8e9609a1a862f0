"""Contract D's one reply, with the fields of both its kinds of client, and how jobs are shown."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from generator import presentation, providers, storage
from generator.models import Generation
from nanobanana.api.base import absolute

Reply = dict[str, Any]


@lru_cache(maxsize=64)
def label(provider: str) -> str:
    """What a provider is called in `metadata.provider`."""
    found = providers.discover().get(provider)
    return found.label if found else provider


def running(generation: Generation, remaining: int | None, status: str) -> Reply:
    """The reply while there is no picture yet: the id to poll, and the price taken."""
    return _reply(generation, generation.price, remaining) | {"status": status}


def completed(generation: Generation, remaining: int | None) -> Reply:
    """The reply with the picture."""
    outputs = presentation.delivered(generation)
    first = outputs[0] if outputs else None
    found = _reply(generation, generation.price - generation.refunded, remaining)
    found["metadata"] |= {
        "provider": label(generation.provider),
        "model": generation.upstream_model,
    }
    return found | {
        "status": generation.status,
        "image": presentation.link(first) if first else None,
        "thumbnailUrl": absolute(storage.url(first, "640")) if first else None,
        "images": [presentation.link(output) for output in outputs],
    }


def job(generation: Generation) -> Reply:
    """A job as its poller sees it; a canceled one has failed."""
    results = [presentation.link(output) for output in presentation.delivered(generation)]
    failed = generation.status in {Generation.Status.FAILED, Generation.Status.CANCELED}
    shown = {
        "job_id": str(generation.pk),
        "status": "failed" if failed else str(generation.status),
        "result": results[0] if results and not failed else None,
        "results": [] if failed else results,
        "progress": presentation.progress(generation),
        "model": generation.model,
        "credits": {"used": generation.price - generation.refunded},
        "warnings": generation.warnings,
    }
    canceled = generation.status == Generation.Status.CANCELED
    message = generation.error_message or ("Canceled" if canceled else "It failed.")
    return shown | ({"error": message} if failed else {})


def _reply(generation: Generation, used: int, remaining: int | None) -> Reply:
    return {
        "success": True,
        "job_id": str(generation.pk),
        "image": None,
        "thumbnailUrl": None,
        "credits": {"used": used, "remaining": remaining},
        "model": generation.model,
        "metadata": {"provider": None, "model": None, "mode": generation.mode},
        "warnings": generation.warnings,
    }
