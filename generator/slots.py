"""The only writer of upload slots: a signed address, the quarantine behind it, and the check.

A slot takes one file by PUT within 15 minutes. What came is nobody's file until `check` has rebuilt
it into an Upload of the same id; everything else is forgotten after a day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.db.models import Q
from django.utils import timezone

from accounts.owner import Owner
from generator import files, images, storage
from generator.limits import RateLimited
from generator.models import Upload, UploadSlot

SLOT_TIME = timedelta(minutes=15)
KEEP = timedelta(days=1)
CHECK_TIME = timedelta(seconds=60)
"""How long one check may take before another one may begin."""
MOST_OPEN = 100
"""Slots of a user that may wait for their file or their check: each may hold 10 MB."""
State = UploadSlot.State


class SlotUsed(Exception):
    """The address has taken its one file already."""


@dataclass(frozen=True)
class Verdict:
    """What became of a slot: `success`, `pending` or `failed`, and a sentence about it."""

    status: str
    message: str


PENDING = Verdict("pending", "The file is not there yet, or not checked yet. Ask again.")
SUCCESS = Verdict("success", "The image is ready to use.")
EXPIRED = Verdict("failed", "No file came within 15 minutes. Ask for a new upload address.")


def open_slot(owner: Owner) -> UploadSlot:
    """A new slot of a user's. Raises RateLimited where too many are open."""
    now = timezone.now()
    waiting = Q(state=State.WAITING, created_at__gt=now - SLOT_TIME)
    mine = UploadSlot.objects.filter(user=owner.user)
    held = Q(state__in=(State.RECEIVING, State.ARRIVED))
    if mine.filter(waiting | held).count() >= MOST_OPEN:
        raise RateLimited(f"{MOST_OPEN} uploads wait for their file or their check already.", 60)
    assert owner.user is not None  # noqa: S101 (the route lets users in alone)
    return UploadSlot.objects.create(user=owner.user)


def token(slot: UploadSlot) -> str:
    """What opens the slot's address for one PUT."""
    return files.signed_token(str(slot.pk), method="PUT")


def is_open(pk: UUID, signed: str) -> bool:
    """Whether the token is the slot's own and at most 15 minutes old."""
    seconds = int(SLOT_TIME.total_seconds())
    return files.verify_token(signed, str(pk), method="PUT", max_age=seconds)


def receive(pk: UUID, data: bytes) -> None:
    """Put the one file of a slot into quarantine. Raises SlotUsed, files.StoreDown."""
    if not _move(pk, State.WAITING, State.RECEIVING):
        raise SlotUsed
    try:
        files.save(_quarantine(pk), data)
    except files.StoreDown:
        _move(pk, State.RECEIVING, State.WAITING)
        raise
    _move(pk, State.RECEIVING, State.ARRIVED)


def check(owner: Owner, pk: UUID) -> Verdict | None:
    """What became of the owner's slot; an arrived file is judged now. None where there is no slot.

    Raises files.StoreDown.
    """
    if Upload.objects.filter(pk=pk, deleted_at=None, **owner.columns).exists():
        return SUCCESS
    slot = UploadSlot.objects.filter(pk=pk, user=owner.user).first()
    if slot is None:
        return None
    if slot.state == State.REFUSED:
        return Verdict("failed", slot.reason)
    if slot.state == State.ARRIVED:
        return _judge(owner, slot) if _lease(slot) else PENDING
    return EXPIRED if slot.created_at < timezone.now() - SLOT_TIME else PENDING


def forget() -> int:
    """Remove slots older than a day with what lies in quarantine; returns how many."""
    old = UploadSlot.objects.filter(created_at__lt=timezone.now() - KEEP)
    gone = 0
    for pk in list(old.order_by("created_at").values_list("pk", flat=True)[:200]):
        try:
            _close(pk)
        except files.StoreDown:
            return gone
        gone += 1
    return gone


def _judge(owner: Owner, slot: UploadSlot) -> Verdict:
    try:
        storage.save_upload(owner, files.read(_quarantine(slot.pk)), slot.pk)
    except images.BadImage as error:
        return _refuse(slot, error.message)
    except files.NoSuchFile:
        return _refuse(slot, "The file was lost. Ask for a new upload address.")
    except files.StoreDown:
        UploadSlot.objects.filter(pk=slot.pk).update(lease_until=None)
        raise
    _close(slot.pk)
    return SUCCESS


def _refuse(slot: UploadSlot, reason: str) -> Verdict:
    """Remove the file and keep the reason for later checks."""
    UploadSlot.objects.filter(pk=slot.pk).update(state=State.REFUSED, reason=reason[:300])
    files.delete(_quarantine(slot.pk))
    return Verdict("failed", reason[:300])


def _close(pk: UUID) -> None:
    """The file before its row, so that nothing is left that no row knows of."""
    files.delete(_quarantine(pk))
    UploadSlot.objects.filter(pk=pk).delete()


def _move(pk: UUID, before: str, after: str) -> bool:
    """Change the state where it is `before`: of several callers exactly one succeeds."""
    return UploadSlot.objects.filter(pk=pk, state=before).update(state=after) == 1


def _lease(slot: UploadSlot) -> bool:
    """Become the one who checks the file."""
    now = timezone.now()
    free = Q(lease_until=None) | Q(lease_until__lt=now)
    mine = UploadSlot.objects.filter(free, pk=slot.pk, state=State.ARRIVED)
    return mine.update(lease_until=now + CHECK_TIME) == 1


def _quarantine(pk: UUID) -> str:
    return f"q/{pk.hex[:2]}/{pk.hex}"
