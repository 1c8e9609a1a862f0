"""Sets of generations: whose they are, what they match, and how an id is read."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self
from uuid import UUID

from django.db import models
from django.db.models import Q

from accounts.owner import Owner

if TYPE_CHECKING:
    from generator.models.generation import Generation, Output

_ID = re.compile(
    r"^(?:gen_|img_|file_)?([0-9a-f]{32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$"
)


def read_id(text: str) -> UUID | None:
    """The UUID in `gen_<hex>`, plain hex or dashed form; None for anything else."""
    match = _ID.match(str(text).lower())
    return UUID(match[1]) if match else None


class GenerationQuerySet(models.QuerySet["Generation"]):
    """Generations, filtered the ways pages and contracts need."""

    def of(self, owner: Owner) -> Self:
        """What this owner may see: their own, without the deleted ones."""
        return self.filter(**owner.columns, deleted_at=None)

    def with_outputs(self) -> Self:
        """With their slots, in order, in one more query."""
        return self.prefetch_related("outputs")

    def find(self, text: str) -> Generation | None:
        """The generation of an id in any written form, within this set; None for no such."""
        pk = read_id(text)
        return None if pk is None else self.filter(pk=pk).first()

    def matching(self, filters: dict[str, Any]) -> Self:
        """Narrowed by `status`, `model`, `mode`, `q` (words of the prompt), `since`, `until`
        (times).
        """
        found = self
        for name in ("status", "model", "mode"):
            if filters.get(name):
                found = found.filter(**{name: filters[name]})
        for word in str(filters.get("q") or "").split()[:8]:
            found = found.filter(prompt__icontains=word)
        if filters.get("since"):
            found = found.filter(created_at__gte=filters["since"])
        if filters.get("until"):
            found = found.filter(created_at__lt=filters["until"])
        return found

    def before(self, created_at: datetime, pk: UUID) -> Self:
        """What comes after this row in a list with the newest first (a keyset page)."""
        return self.filter(
            Q(created_at__lt=created_at) | Q(created_at=created_at, id__lt=pk),
            created_at__lte=created_at,
        )


class OutputQuerySet(models.QuerySet["Output"]):
    """Output slots."""

    def delivered(self) -> Self:
        """Those with a file that still exists."""
        return self.filter(state="delivered", deleted_at=None)

    def of(self, owner: Owner) -> Self:
        """Delivered ones of this owner, with their generation."""
        columns = {f"generation__{name}": value for name, value in owner.columns.items()}
        return (
            self.delivered()
            .filter(**columns, generation__deleted_at=None)
            .select_related("generation")
        )

    def find(self, text: str) -> Output | None:
        """The output of an id in any written form, within this set; None where there is none."""
        pk = read_id(text)
        return None if pk is None else self.filter(pk=pk).first()
