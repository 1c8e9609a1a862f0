"""What the gallery does on the clock."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from accounts.owner import Owner
from gallery import showcase
from generator.models import Output


@shared_task
def publish_wanted() -> int:
    """Publish what its owner asked to be published when done; returns how many."""
    since = timezone.now() - timedelta(days=1)
    wanted = Output.objects.delivered().filter(
        generation__public=True, generation__user__isnull=False, delivered_at__gt=since, item=None
    )
    outputs = list(wanted.select_related("generation__user")[:50])
    for output in outputs:
        showcase.publish(Owner(user=output.generation.user), output)
    return len(outputs)
