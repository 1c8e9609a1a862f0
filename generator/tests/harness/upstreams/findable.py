"""KIE as if it could look orders up: the attempt's id travels in the prompt, the simulator's book
is asked for it.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import urlsplit

from generator.providers.base import Order, Waiting
from generator.providers.kie import Kie


class Findable(Kie):
    """Switched on by the harness; the rest of its settings are KIE's."""

    slug = "findable"
    label = "KIE with lookup"
    env = Kie.env | {"switch": "HARNESS_FINDABLE"}
    can_lookup = True
    call_seconds = 2.0

    def start(self, order: Order) -> Waiting:
        """As KIE, with a reference that the lookup finds."""
        return super().start(replace(order, prompt=f"{order.prompt} ref-{order.attempt_id}"))

    def lookup(self, order: Order) -> Waiting | None:
        """The order's task, or the proof that there is none."""
        parts = urlsplit(self.config["url"])
        reply = self.http.ask(
            f"{parts.scheme}://{parts.netloc}/_sim/created",
            params={"marker": f"ref-{order.attempt_id}"},
        )
        found = reply.json()["creates"]
        return Waiting(f"{found[0]['id']}@{found[0]['at'] * 1000:.0f}", 1.0) if found else None
