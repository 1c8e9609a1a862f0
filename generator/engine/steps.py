"""One step of one output: submit, poll, store. At most one upstream call, outside any transaction.

Whatever a step finds out is written only where its claim still holds (`claims`), and money moves only where
an output ends (`endings`). The protocol and its reasons: docs/reliability.md.
"""

from __future__ import annotations

import hashlib
import logging
import random
import secrets
import time
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from generator import catalogue, fetch, files, images, orders, storage, upstreams
from generator.engine import crash, endings
from generator.engine.claims import Claim
from generator.engine.endings import End, Reason
from generator.guard import Policy
from generator.models import Attempt, Generation, Model, Output, Route
from generator.providers.base import (
    Done,
    Failed,
    Misconfigured,
    NotAccepted,
    Order,
    Provider,
    ProviderError,
    RateLimited,
    Refused,
    Unknown,
    Waiting,
)

log = logging.getLogger(__name__)
State = Output.State
CRASHES = 3
"""An output whose step died this often is poison: it fails, the others go on."""
BUSY_ROUNDS = 20
DOWN_ROUNDS = 3
STORE_TRIES = 8
OPEN = ("intent", "accepted", "unknown")


def soon(seconds: float) -> datetime:
    """A due time this far away."""
    return timezone.now() + timedelta(seconds=seconds)


def run(claim: Claim) -> None:
    """Run the claimed output's next step to its end; never raises for what an upstream or a file does."""
    output = Output.objects.select_related("generation").get(pk=claim.output_id)
    step = Step(claim, output)
    try:
        step.take()
    except Exception:
        # A fault of ours must not take the worker or the other outputs with it: it counts as a crash.
        log.exception("a step broke", extra={"output": str(output.pk)})
        claim.release(soon(2 ** (output.crashes + 1)), crashes=output.crashes + 1)


class Step:
    """The claimed output with what a step needs to know of it."""

    def __init__(self, claim: Claim, output: Output) -> None:
        self.claim = claim
        self.output = output
        self.generation: Generation = output.generation
        self.is_late = output.state == State.FAILED
        self.attempts = list(output.attempts.order_by("number"))
        self.open = next((a for a in self.attempts if a.state in OPEN), None)

    def take(self) -> None:
        """Decide what is due and do it."""
        if self.output.crashes >= CRASHES:
            self.fail(endings.INTERNAL)
        elif self.generation.cancel_requested and self._cancel():
            return
        elif not self.is_late and timezone.now() >= self.generation.deadline_at:
            self._time_out()
        elif self.open is None:
            self._submit()
        elif self.open.state != "accepted":
            self._resolve()
        elif self.open.results:
            self._store([dict(one) for one in self.open.results])
        else:
            self._poll()

    # Endings ------------------------------------------------------------------------------------

    def fail(self, reason: Reason, attempt: str = "failed") -> None:
        """End without a file and refund; a late one stays failed as it is."""
        if self.is_late:
            Attempt.objects.filter(output=self.output, state__in=OPEN).update(
                state=attempt, ended_at=timezone.now()
            )
            self.claim.release(None, late_until=None)
            return
        endings.finish(self.claim, self.generation, End(State.FAILED, reason, attempt=attempt))

    def _time_out(self) -> None:
        """Past the deadline: refund; what was accepted upstream is still looked for, for a day."""
        accepted = self.open is not None and self.open.state == "accepted"
        late = timezone.now() + endings.LATE if accepted else None
        attempt = None if accepted else "failed"
        end = End(State.FAILED, endings.TIMEOUT, attempt=attempt, late_until=late)
        endings.finish(self.claim, self.generation, end)

    def _cancel(self) -> bool:
        """Stop what has not been submitted, or what the provider confirms it stopped; True where ended."""
        if self.is_late or self.output.error_code == "cancel_refused":
            return False
        if self.open is not None:
            provider = upstreams.active().get(self.open.provider)
            if self.open.state != "accepted" or provider is None or not provider.can_cancel:
                return False
            if not self._cancel_upstream(provider, self.open):
                self.claim.rows().update(error_code="cancel_refused")
                return False
        end = End(State.CANCELED, endings.CANCELED, attempt="failed" if self.open else None)
        endings.finish(self.claim, self.generation, end)
        return True

    def _cancel_upstream(self, provider: Provider, attempt: Attempt) -> bool:
        try:
            return provider.cancel(self._order(attempt), attempt.remote_id)
        except ProviderError:
            return False

    # Submit -------------------------------------------------------------------------------------

    def _submit(self) -> None:
        route = self._next_route()
        if route is None:
            self.fail(endings.PROVIDER if self.attempts else endings.UNAVAILABLE)
            return
        secret = secrets.token_urlsafe(24)
        attempt = Attempt(
            id=uuid.uuid4(),
            output=self.output,
            number=len(self.attempts) + 1,
            provider=route.provider,
            upstream_model=route.upstream_model,
            callback_digest=hashlib.sha256(secret.encode()).hexdigest(),
        )
        try:
            order = self._order(attempt, secret)
        except (files.StoreDown, files.NoSuchFile):
            self.claim.release(soon(5))
            return
        if self._commit_intent(attempt):
            self._send(attempt, order, route)

    def _next_route(self) -> Route | None:
        """The route tried least so far, in order; none that failed for good."""
        model = Model.objects.prefetch_related("routes").get(pk=self.generation.model)
        over = {a.provider for a in self.attempts if a.state in {"failed", "done"}}
        routes = [route for route in upstreams.routes_of(model) if route.provider not in over]
        return min(routes, key=self._times_tried, default=None)

    def _times_tried(self, route: Route) -> int:
        return sum(attempt.provider == route.provider for attempt in self.attempts)

    def _commit_intent(self, attempt: Attempt) -> bool:
        """The attempt's row, committed before its request leaves, by the claim's holder alone."""
        self.intended = time.monotonic()
        try:
            with transaction.atomic():
                if not self.claim.rows().update(state=State.SUBMIT):
                    return False
                attempt.save(force_insert=True)
        except IntegrityError:
            return False
        crash.here("after_intent", self.generation.prompt)
        return True

    def _send(self, attempt: Attempt, order: Order, route: Route) -> None:
        """Submit once. A process that was frozen since the intent does not send: others may have taken over."""
        provider = upstreams.active()[attempt.provider]
        if time.monotonic() - self.intended > min(1.0, settings.LEASE_SECONDS / 4):
            self._reject(attempt, "frozen before sending", soon(0))
            return
        try:
            result = provider.start(order)
        except Refused as error:
            self.fail(Reason(error.code, error.message))
        except Misconfigured as error:
            log.error("our account at a provider is refused", extra={"provider": attempt.provider})
            self._give_up_provider(attempt, str(error))
        except NotAccepted as error:
            self._busy(attempt, error)
        except Failed as error:
            self._give_up_provider(attempt, str(error))
        except Unknown as error:
            self._unknown(attempt, provider, str(error))
        else:
            crash.here("after_send", self.generation.prompt)
            self._accepted(attempt, result, route)

    def _reject(self, attempt: Attempt, error: str, due_at: datetime, **changes: Any) -> None:
        self._end_attempt(attempt, "rejected", error, due_at, **changes)

    def _end_attempt(
        self, attempt: Attempt, state: str, error: str, due_at: datetime, **changes: Any
    ) -> None:
        """Write how the attempt went and give the lease back, in one transaction and only as its holder."""
        with transaction.atomic():
            if not self.claim.release(due_at, **changes):
                return
            Attempt.objects.filter(pk=attempt.pk).update(
                state=state,
                error=error[:200],
                ended_at=None if state == "unknown" else timezone.now(),
            )

    def _busy(self, attempt: Attempt, error: NotAccepted) -> None:
        """Proof that nothing was accepted: the next provider at once, else the same one after a pause."""
        self.attempts.append(attempt)
        following = self._next_route()
        if following is not None and self._times_tried(following) < self._times_tried_of(
            attempt.provider
        ):
            self._reject(attempt, str(error), soon(0))
            return
        tries = self.output.tries + 1
        if tries >= (BUSY_ROUNDS if isinstance(error, RateLimited) else DOWN_ROUNDS):
            self.fail(endings.UNAVAILABLE, "rejected")
            return
        pause = getattr(error, "retry_after", None) or min(2**tries, 30) * random.uniform(0.7, 1.3)  # noqa: S311
        self._reject(attempt, str(error), soon(min(pause, 120)), tries=tries)

    def _times_tried_of(self, provider: str) -> int:
        return sum(attempt.provider == provider for attempt in self.attempts)

    def _give_up_provider(self, attempt: Attempt, error: str) -> None:
        """A definite end at this provider that is not the user's fault: the next one, if there is one."""
        attempt.state = "failed"
        self.attempts = [a for a in self.attempts if a.pk != attempt.pk] + [attempt]
        if self.is_late or self._next_route() is None:
            account = attempt.remote_id == ""
            self.fail(endings.UNAVAILABLE if account else endings.PROVIDER)
            return
        self._end_attempt(attempt, "failed", error, soon(0), state=State.SUBMIT)

    # Unknown outcomes ---------------------------------------------------------------------------

    def _unknown(self, attempt: Attempt, provider: Provider, error: str) -> None:
        """Nobody knows whether it was accepted: look it up where that is possible, else end and refund."""
        if provider.can_lookup:
            self._end_attempt(attempt, "unknown", error, soon(5))
        else:
            self.fail(endings.LOST, "failed")

    def _resolve(self) -> None:
        """An intent or unknown attempt from an earlier claim: never sent again without proof."""
        assert self.open is not None
        provider = upstreams.active().get(self.open.provider)
        if provider is None or not provider.can_lookup:
            self.fail(endings.LOST)
            return
        settled = self.open.created_at + timedelta(
            seconds=settings.LEASE_SECONDS + provider.call_seconds
        )
        if timezone.now() < settled:
            self.claim.release(settled)
            return
        try:
            found = provider.lookup(self._order(self.open))
        except ProviderError:
            self.claim.release(soon(10))
            return
        if found is None:
            self._reject(self.open, "never accepted", soon(0))
        else:
            self._accepted(self.open, found, None)

    # Accepted -----------------------------------------------------------------------------------

    def _accepted(self, attempt: Attempt, result: Waiting | Done, route: Route | None) -> None:
        """Record the upstream's id before the first poll; go on with the files where they came at once."""
        self.open = attempt
        if isinstance(result, Done):
            with transaction.atomic():
                if not self.claim.rows().update(state=State.STORE):
                    return
                Attempt.objects.filter(pk=attempt.pk).update(state="accepted")
            self._finished(result)
            return
        with transaction.atomic():
            if self.claim.release(
                soon(result.seconds), state=State.RUN, progress=result.progress or 0
            ):
                Attempt.objects.filter(pk=attempt.pk).update(
                    state="accepted", remote_id=result.remote_id
                )
                Generation.objects.filter(pk=self.generation.pk).update(
                    provider=attempt.provider, upstream_model=attempt.upstream_model
                )
        crash.here("after_remote_id", self.generation.prompt)

    def _poll(self) -> None:
        assert self.open is not None
        provider = upstreams.active().get(self.open.provider)
        if provider is None:
            self.claim.release(soon(30))
            return
        try:
            result = provider.poll(self._order(self.open), self.open.remote_id)
        except Refused as error:
            self.fail(Reason(error.code, error.message))
        except (RateLimited, NotAccepted) as error:
            self.claim.release(soon(getattr(error, "retry_after", None) or 5))
        except Failed as error:
            self._give_up_provider(self.open, str(error))
        except (ProviderError, files.StoreDown, files.NoSuchFile):
            self.claim.release(soon(5))
        else:
            if isinstance(result, Done):
                self._finished(result)
            else:
                self._still_running(result)

    def _still_running(self, result: Waiting) -> None:
        pause = result.seconds if not self.is_late else 60.0
        progress = max(self.output.progress, min(result.progress or 0, 99))
        if self.claim.release(soon(pause), progress=progress) and progress > self.output.progress:
            self.generation.version += 1
            Generation.objects.filter(pk=self.generation.pk).update(version=self.generation.version)

    # Files --------------------------------------------------------------------------------------

    def _finished(self, result: Done) -> None:
        """The upstream is done: note where the files are, so that storing never needs it again."""
        assert self.open is not None
        self.open.cost_micros = result.cost
        if not result.files:
            self._give_up_provider(self.open, "success without a file")
            return
        if result.files[0].data is not None:
            self._keep(result.files[0].data)
            return
        results = [{"url": one.url} for one in result.files[:1]]
        with transaction.atomic():
            state = {} if self.is_late else {"state": State.STORE}
            if not self.claim.rows().update(progress=99, **state):
                return
            Attempt.objects.filter(pk=self.open.pk).update(results=results, cost_micros=result.cost)
        crash.here("after_results", self.generation.prompt)
        self._store(results)

    def _store(self, results: Sequence[dict[str, str]]) -> None:
        """Fetch the file by its address; tried again without asking the provider for another."""
        assert self.open is not None
        provider = upstreams.active().get(self.open.provider)
        try:
            fetched = fetch.fetch(
                results[0]["url"],
                policy=Policy(
                    allow=settings.FETCH_ALLOW_HOSTS,
                    hosts=provider.result_hosts if provider else (),
                ),
                limit=images.MAX_RESULT_BYTES,
                seconds=30,
            )
        except fetch.FetchRefused:
            self.fail(endings.BROKEN_FILE)
        except fetch.FetchFailed:
            self._store_again(endings.BROKEN_FILE)
        else:
            crash.here("mid_download", self.generation.prompt)
            self._keep(fetched.data)

    def _store_again(self, reason: Reason) -> None:
        tries = self.output.store_tries + 1
        if tries >= STORE_TRIES:
            self.fail(reason)
        else:
            self.claim.release(soon(min(2**tries, 60)), store_tries=tries)

    def _keep(self, data: bytes) -> None:
        """Check and store the file, then end the output as delivered."""
        assert self.open is not None
        try:
            fields = storage.keep_result(self.output, data, self.generation)
        except images.BadImage:
            self._give_up_provider(self.open, "broken file")
            return
        except files.StoreDown:
            self._store_again(endings.STORAGE)
            return
        crash.here("after_file", self.generation.prompt)
        cost = self._cost()
        if self.is_late:
            endings.attach_late(self.claim, self.generation, fields, cost)
            return
        fields |= {"progress": 100, "error_code": ""}
        end = End(State.DELIVERED, fields=fields, attempt="done", cost_micros=cost)
        endings.finish(self.claim, self.generation, end)

    def _cost(self) -> int:
        """Micro-dollars of this output: the provider's word where there is one, the catalogue's else."""
        assert self.open is not None
        if self.open.cost_micros is not None:
            return self.open.cost_micros
        model = Model.objects.prefetch_related("routes").get(pk=self.generation.model)
        routes = [r for r in upstreams.routes_of(model) if r.provider == self.open.provider]
        return catalogue.unit_cost(routes[0], self.generation.parameters) if routes else 0

    def _order(self, attempt: Attempt, secret: str = "") -> Order:
        site = settings.SITE_URL
        callback = (
            f"{site}/callbacks/{attempt.provider}/{secret}"
            if secret and site.startswith("https://")
            else None
        )
        return orders.build(self.generation, self.output, attempt, callback)
