"""What a step works on: the claimed output with its generation and attempts, and the ways to let go
of it.

Whatever a step finds out is written only where its claim still holds (`claims`), and money moves
only where an output ends (`endings`).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction

from generator import orders, upstreams
from generator.engine import endings
from generator.engine.claims import Claim
from generator.engine.endings import OPEN, End, Reason
from generator.models import Attempt, Generation, Model, Output, Route
from generator.providers.base import Order, Provider

State = Output.State


class Work:
    """The claimed output. `open` is its attempt without an end; `is_late` says it was refunded
    already.
    """

    def __init__(self, claim: Claim, output: Output) -> None:
        self.claim = claim
        self.output = output
        self.generation: Generation = output.generation
        self.is_late = output.state == State.FAILED
        self.attempts = list(output.attempts.order_by("number"))
        self.open = next((one for one in self.attempts if one.state in OPEN), None)

    # Letting go ---------------------------------------------------------------------------------

    def soon(self, seconds: float) -> datetime:
        """A due time this far away, but no later than the deadline: its end must not be missed."""
        then = self.claim.now() + timedelta(seconds=max(seconds, 0))
        return then if self.is_late else min(then, self.generation.deadline_at)

    def again(self, seconds: float, **changes: Any) -> bool:
        """Go on in `seconds`, with these changes; False where somebody else has taken over."""
        return self.claim.release(self.soon(seconds), **changes)

    def fail(self, reason: Reason, attempt: str = "failed") -> None:
        """End without a file and refund; a late one stays failed as it is."""
        if self.is_late:
            endings.give_up_late(self.claim, attempt)
        else:
            end = End(State.FAILED, reason, attempt=attempt)
            endings.finish(self.claim, self.generation, end)

    def end_attempt(
        self, attempt: Attempt, ended: str, error: str, seconds: float, **changes: Any
    ) -> None:
        """Write how the attempt went and go on in `seconds`, in one transaction and as the holder
        only.
        """
        with transaction.atomic():
            if not self.again(seconds, **changes):
                return
            Attempt.objects.filter(pk=attempt.pk).update(
                state=ended,
                error=error[:200],
                ended_at=None if ended == "unknown" else self.claim.now(),
            )

    def give_up(self, attempt: Attempt, error: str, reason: Reason = endings.PROVIDER) -> None:
        """A definite end at this provider that is not the user's fault: the next one, if there is
        one.
        """
        attempt.state = "failed"
        self.attempts = [one for one in self.attempts if one.pk != attempt.pk] + [attempt]
        if self.is_late or self.next_route() is None:
            self.fail(reason if attempt.remote_id or attempt.results else endings.UNAVAILABLE)
            return
        self.end_attempt(attempt, "failed", error, 0, state=State.SUBMIT)

    # Upstreams ----------------------------------------------------------------------------------

    def next_route(self) -> Route | None:
        """The route tried least so far, in order; none that failed for good."""
        over = {one.provider for one in self.attempts if one.state in {"failed", "done"}}
        routes = [route for route in self.routes() if route.provider not in over]
        return min(routes, key=lambda route: self.times_tried(route.provider), default=None)

    def routes(self) -> list[Route]:
        """The routes that can serve the generation's model now."""
        model = Model.objects.prefetch_related("routes").get(pk=self.generation.model)
        return list(upstreams.routes_of(model))

    def times_tried(self, provider: str) -> int:
        """How many attempts went to this provider."""
        return sum(one.provider == provider for one in self.attempts)

    def provider(self, attempt: Attempt) -> Provider | None:
        """The attempt's provider; None where it is switched off now."""
        return upstreams.active().get(attempt.provider)

    def order(self, attempt: Attempt, secret: str = "") -> Order:
        """What the attempt asks for. Raises files.StoreDown or NoSuchFile for reference images."""
        site = settings.SITE_URL
        callback = (
            f"{site}/callbacks/{attempt.provider}/{secret}"
            if secret and site.startswith("https://")
            else None
        )
        return orders.build(self.generation, self.output, attempt, callback)
