"""The only writer of published items and like counts: publish, withdraw, hide, like, report.

Each act is one transaction. `Output.published` follows every change, because the file is open to
anybody exactly as long as it says so.
"""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.models import User
from accounts.owner import Owner
from gallery.listing import newest, top, trending
from gallery.models import Item, ItemCount, Like, Report
from generator.models import Generation, Output

__all__ = [
    "NotPublishable",
    "NotYours",
    "change",
    "close_report",
    "close_reports",
    "hide",
    "like",
    "newest",
    "publish",
    "report",
    "top",
    "trending",
    "unhide",
    "unlike",
    "withdraw",
]

TITLE_LENGTH = 60
OPEN_REPORTS = 50
"""More open reports on one item tell the staff nothing new."""


class NotYours(Exception):
    """The image is somebody else's, deleted, or none at all: the asker may not learn which."""


class NotPublishable(Exception):
    """The image is the asker's own and still cannot be shown; the text says why."""


@transaction.atomic
def publish(
    owner: Owner,
    output: Output,
    *,
    title: str = "",
    description: str = "",
    show_prompt: bool = True,
    is_public: bool = True,
) -> Item:
    """Show one's own delivered image, or show it again after a withdrawal, with its likes.

    Without a title the first words of the prompt are it, if the prompt may be shown. Raises
    NotYours and NotPublishable.
    """
    locked = _own_delivered(owner, output)
    generation = locked.generation
    words: dict[str, Any] = {
        "title": title.strip()[:120] or (title_from(generation.prompt) if show_prompt else ""),
        "description": description.strip()[:500],
        "prompt": generation.prompt if show_prompt else "",
    }
    item, created = Item.objects.get_or_create(
        output=locked, defaults={**words, **_facts(locked), "is_public": is_public}
    )
    if item.hidden_by_staff:
        raise NotPublishable("Our staff took this picture out of the gallery.")
    if created:
        ItemCount.objects.create(item=item, visible=is_public)
    else:
        Item.objects.filter(pk=item.pk).update(**words, is_public=is_public)
        item.refresh_from_db()
    _follow(item)
    return item


def _own_delivered(owner: Owner, output: Output) -> Output:
    """The locked row of the owner's own image that has a file."""
    rows = Output.objects.select_for_update(of=("self",)).select_related("generation")
    locked = rows.filter(pk=output.pk).first()
    if (
        locked is None
        or not owner.owns(locked.generation)
        or locked.deleted_at is not None
        or locked.generation.deleted_at is not None
    ):
        raise NotYours
    if owner.user is None:
        raise NotPublishable("Sign up to publish: your picture comes with you.")
    if locked.state != Output.State.DELIVERED:
        raise NotPublishable("Only a finished picture can be published.")
    return locked


def _facts(output: Output) -> dict[str, Any]:
    """What an item copies from its image once: facts that do not change any more."""
    generation = output.generation
    return {
        "author": generation.user,
        "model": generation.model,
        "width": output.width or generation.width,
        "height": output.height or generation.height,
        "by_demo": generation.provider == "demo",
    }


def title_from(prompt: str) -> str:
    """The first words of a prompt, up to its first comma or full stop, as a title."""
    words = " ".join(prompt.split())
    short = words
    for mark in (". ", ", ", "; ", ": "):
        head = words.split(mark)[0]
        short = head if 8 <= len(head) < len(short) else short
    if len(short) > TITLE_LENGTH:
        short = short[:TITLE_LENGTH].rsplit(" ", 1)[0].rstrip(" ,.;:") + "…"
    return short[:1].upper() + short[1:]


def _follow(item: Item) -> None:
    """Bring the file's own switch and the counter's index in line with the item."""
    shown = item.is_public and not item.hidden_by_staff
    Output.objects.filter(pk=item.output_id, deleted_at=None).update(published=shown)
    ItemCount.objects.filter(item=item).update(visible=shown)


@transaction.atomic
def withdraw(item: Item) -> None:
    """Take an item out of the gallery; its file is private again from the next request on."""
    _set(item, is_public=False)


@transaction.atomic
def hide(item: Item) -> None:
    """Staff take an item out: its author cannot put it back, and its open reports are settled."""
    _set(item, hidden_by_staff=True)
    close_reports(item)


@transaction.atomic
def unhide(item: Item) -> None:
    """Staff put back what they hid; it shows again if its author still wants it public."""
    _set(item, hidden_by_staff=False)


def _set(item: Item, **columns: bool) -> None:
    """Lock as `publish` does, the image first, so that the two never wait for each other."""
    Output.objects.select_for_update().get(pk=item.output_id)
    Item.objects.filter(pk=item.pk).update(**columns)
    item.refresh_from_db()
    _follow(item)


def close_reports(item: Item) -> int:
    """Settle the open reports on an item; returns how many there were."""
    return Report.objects.filter(item=item, closed_at=None).update(closed_at=timezone.now())


def close_report(report: Report) -> bool:
    """Settle one report; False where it is settled already."""
    open_one = Report.objects.filter(pk=report.pk, closed_at=None)
    return bool(open_one.update(closed_at=timezone.now()))


@transaction.atomic
def change(item: Item, *, title: str, description: str, show_prompt: bool) -> None:
    """The author's new words for an item; a blank title is made from a prompt that is shown."""
    prompt = Generation.objects.get(outputs=item.output_id).prompt if show_prompt else ""
    Item.objects.filter(pk=item.pk).update(
        title=title.strip()[:120] or title_from(prompt),
        description=description.strip()[:500],
        prompt=prompt,
    )


@transaction.atomic
def like(user: User, item: Item) -> int:
    """The user likes the item, however often they say so; returns its likes.

    The counter's row is the lock, so that likes and counter are one fact under any number of
    clicks. Raises Item.DoesNotExist where the item is not public (any more).
    """
    count = ItemCount.objects.select_for_update().get(item=Item.objects.public().get(pk=item.pk))
    _, created = Like.objects.get_or_create(item=item, user=user)
    return _counted(count, int(created))


@transaction.atomic
def unlike(user: User, item: Item) -> int:
    """The user does not like the item any more; returns its likes."""
    count = ItemCount.objects.select_for_update().get(item=item)
    gone, _ = Like.objects.filter(item=item, user=user).delete()
    return _counted(count, -gone)


def _counted(count: ItemCount, change: int) -> int:
    if change:
        ItemCount.objects.filter(pk=count.pk).update(likes=F("likes") + change)
    return count.likes + change


@transaction.atomic
def report(owner: Owner, item: Item, reason: str, detail: str = "") -> bool:
    """Tell the staff about an item; returns whether this is news: one open report a person."""
    # The counter's row serialises reporters, so that the limit holds under parallel ones.
    ItemCount.objects.select_for_update().get(item=item)
    open_ones = Report.objects.filter(item=item, closed_at=None)
    if open_ones.count() >= OPEN_REPORTS or open_ones.filter(reporter=owner.id).exists():
        return False
    Report.objects.create(item=item, reporter=owner.id, reason=reason, detail=detail.strip()[:500])
    return True
