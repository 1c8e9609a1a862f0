"""From the upstream's "done" to a stored file: fetched and stored again and again, never ordered
again.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings
from django.db import transaction

from generator import catalogue, fetch, files, images, storage
from generator.engine import crash, endings
from generator.engine.endings import End, Reason
from generator.engine.work import State, Work
from generator.guard import Policy
from generator.models import Attempt
from generator.providers.base import Done

STORE_TRIES = 8
FETCH_SECONDS = 30.0


def finished(work: Work, attempt: Attempt, result: Done) -> None:
    """The upstream is done: note where the file is, so that storing never needs it again."""
    attempt.cost_micros = result.cost
    if not result.files:
        work.give_up(attempt, "success without a file")
        return
    data = result.files[0].data
    if data is not None:
        keep(work, attempt, data)
        return
    attempt.results = [{"url": one.url} for one in result.files[:1]]
    with transaction.atomic():
        state = {} if work.is_late else {"state": State.STORE}
        if not work.claim.rows().update(progress=99, **state):
            return
        Attempt.objects.filter(pk=attempt.pk).update(
            results=attempt.results, cost_micros=result.cost
        )
    crash.here("after_results", work.generation.prompt)
    store(work, attempt, attempt.results[0])


def store(work: Work, attempt: Attempt, result: Mapping[str, str]) -> None:
    """Fetch the file by its address and keep it."""
    provider = work.provider(attempt)
    policy = Policy(
        allow=settings.FETCH_ALLOW_HOSTS, hosts=provider.result_hosts if provider else ()
    )
    try:
        fetched = fetch.fetch(
            result["url"], policy=policy, limit=images.MAX_RESULT_BYTES, seconds=FETCH_SECONDS
        )
    except fetch.FetchRefused:
        work.give_up(attempt, "an address we may not fetch", endings.BROKEN_FILE)
    except fetch.FetchFailed:
        _again(work, endings.BROKEN_FILE)
    else:
        crash.here("mid_download", work.generation.prompt)
        keep(work, attempt, fetched.data)


def _again(work: Work, reason: Reason) -> None:
    tries = work.output.store_tries + 1
    if tries >= STORE_TRIES:
        work.fail(reason)
    else:
        work.again(min(2**tries, 60), store_tries=tries)


def keep(work: Work, attempt: Attempt, data: bytes) -> None:
    """Check and store the file, then end the output as delivered."""
    try:
        fields = storage.keep_result(work.output, data, work.generation)
    except images.BadImage:
        work.give_up(attempt, "broken file", endings.BROKEN_FILE)
        return
    except files.StoreDown:
        _again(work, endings.STORAGE)
        return
    crash.here("after_file", work.generation.prompt)
    cost = _cost(work, attempt)
    if work.is_late:
        if not endings.attach_late(work.claim, work.generation, fields, cost):
            _erase_unwanted(work, fields["file_key"])
        return
    fields |= {"progress": 100, "error_code": ""}
    end = End(State.DELIVERED, fields=fields, attempt="done", cost_micros=cost)
    endings.finish(work.claim, work.generation, end)


def _erase_unwanted(work: Work, key: str) -> None:
    """A file that came while its generation was being deleted goes as well."""
    work.output.refresh_from_db()
    if work.output.deleted_at is not None:
        work.output.file_key = key
        storage.erase(work.output)


def _cost(work: Work, attempt: Attempt) -> int:
    """Micro-dollars of this output: the provider's word where there is one, the
    catalogue's else.
    """
    if attempt.cost_micros is not None:
        return attempt.cost_micros
    routes = [route for route in work.routes() if route.provider == attempt.provider]
    return catalogue.unit_cost(routes[0], work.generation.parameters) if routes else 0
