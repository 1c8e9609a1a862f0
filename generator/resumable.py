"""The only writer of files that come in pieces: begun, continued, whole, given up, forgotten.

A piece is a file of its own until all are there; then they become an Upload of the same id.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.owner import Owner
from generator import files, images, storage
from generator.limits import RateLimited
from generator.models import ResumableUpload, Upload

KEEP = timedelta(days=1)
MOST_OPEN = 20
"""Unfinished files of a user: each may hold 10 MB."""


class WrongOffset(Exception):
    """The piece does not begin where the last one ended; `offset` is where that is."""

    def __init__(self, offset: int) -> None:
        super().__init__(f"Continue at {offset}")
        self.offset = offset


class Expired(Exception):
    """It was not finished in time, and is given up."""


def begin(owner: Owner, length: int, metadata: str) -> ResumableUpload:
    """A file of `length` bytes is to come. Raises images.TooLarge, RateLimited."""
    if length > settings.MAX_FILE_SIZE:
        raise images.TooLarge(settings.MAX_FILE_SIZE)
    now = timezone.now()
    waiting = ResumableUpload.objects.filter(user=owner.user, done=False, expires_at__gt=now)
    if waiting.count() >= MOST_OPEN:
        raise RateLimited(f"{MOST_OPEN} uploads are unfinished. Finish or delete one.", 60)
    assert owner.user is not None  # noqa: S101 (the route lets users in alone)
    return ResumableUpload.objects.create(
        user=owner.user, length=length, metadata=metadata, expires_at=now + KEEP
    )


def find(owner: Owner, pk: UUID) -> ResumableUpload | None:
    """The owner's file as far as it came. Raises Expired, and what `append` raises."""
    row = ResumableUpload.objects.filter(pk=pk, user=owner.user).first()
    if row is not None and row.expires_at <= timezone.now():
        raise Expired
    if row is not None and row.offset == row.length and not row.done:
        _finish(owner, row)  # the store was away when its last piece came
    return row


def append(owner: Owner, row: ResumableUpload, offset: int, data: bytes) -> int:
    """Keep the next piece; returns how many bytes there are now. Of two alike one succeeds.

    Raises WrongOffset, images.TooLarge, files.StoreDown, and images.BadImage for a whole file that
    is no image: it is removed.
    """
    if offset != row.offset:
        raise WrongOffset(row.offset)
    if offset + len(data) > row.length:
        raise images.TooLarge(row.length)
    if not data:
        return offset
    key = files.checked_key(f"t/{row.pk.hex[:2]}/{row.pk.hex}-{offset}-{secrets.token_hex(4)}")
    files.save(key, data)
    here = ResumableUpload.objects.filter(pk=row.pk, offset=offset)
    if not here.update(offset=offset + len(data), pieces=[*row.pieces, key]):
        files.delete(key)
        raise WrongOffset(offset)
    row.refresh_from_db()
    if row.offset == row.length:
        _finish(owner, row)
    return row.offset


def _finish(owner: Owner, row: ResumableUpload) -> None:
    """Make the pieces an upload, once."""
    data = b"".join(files.read(key) for key in row.pieces)
    try:
        with transaction.atomic():
            storage.save_upload(owner, data, row.pk)
    except images.BadImage:
        give_up(row)
        raise
    except IntegrityError:
        row.refresh_from_db()
        return
    _remove_pieces(row)
    ResumableUpload.objects.filter(pk=row.pk).update(done=True, pieces=[])


def give_up(row: ResumableUpload) -> None:
    """Remove it with its pieces, or with the upload that it became. Raises files.StoreDown."""
    upload = Upload.objects.filter(pk=row.pk, deleted_at=None).first() if row.done else None
    if upload is not None:
        storage.discard(upload)
    _remove_pieces(row)
    ResumableUpload.objects.filter(pk=row.pk).delete()


def forget() -> int:
    """Remove what was not finished in time, and the memory of what was; returns how many."""
    old = ResumableUpload.objects.filter(expires_at__lte=timezone.now())
    gone = 0
    for row in list(old.order_by("expires_at")[:200]):
        try:
            _remove_pieces(row)
        except files.StoreDown:
            return gone
        gone += ResumableUpload.objects.filter(pk=row.pk).delete()[0]
    return gone


def _remove_pieces(row: ResumableUpload) -> None:
    for key in row.pieces:
        files.delete(key)
