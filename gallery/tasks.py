"""What the gallery does on the clock."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.owner import Owner
from gallery import showcase
from gallery.models import Item
from generator.models import Output


@shared_task
def publish_wanted() -> int:
    """Publish what its owner asked to be published when done; returns how many."""
    since = timezone.now() - timedelta(days=1)
    wanted = Output.objects.delivered().filter(
        generation__public=True, generation__user__isnull=False, delivered_at__gt=since, item=None
    )
    published = 0
    for output in wanted.select_related("generation__user")[:50]:
        try:
            showcase.publish(Owner(user=output.generation.user), output)
        except (showcase.NotPublishable, showcase.NotYours):
            continue
        published += 1
    return published


@shared_task
def blank_deleted() -> int:
    """Forget the words of items whose picture was deleted; returns how many."""
    gone = Item.objects.filter(output__deleted_at__isnull=False).exclude(
        title="", description="", prompt=""
    )
    return gone.update(title="", description="", prompt="")
