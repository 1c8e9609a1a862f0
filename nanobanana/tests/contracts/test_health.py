"""What monitors ask: alive without touching anything, ready with every part's word."""

import pytest

from generator import files
from nanobanana.api import health

pytestmark = pytest.mark.contracts


def test_alive_asks_nothing_of_anybody(client, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        reply = client.get("/health")
    assert (reply.status_code, reply.json()) == (200, {"status": "healthy"})
    assert client.get("/health/").json() == {"status": "healthy"}


@pytest.mark.django_db
def test_ready_when_every_part_works(client):
    reply = client.get("/health/ready")
    assert (reply.status_code, reply.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
def test_what_is_down_is_named_and_nothing_else_said(client, monkeypatch):
    def down():
        raise OSError("password=secret host=10.0.0.1")

    checks = dict(health.CHECKS) | {"queue": down}
    monkeypatch.setattr(health, "CHECKS", checks)
    monkeypatch.setattr(files, "save", lambda *_: down())
    reply = client.get("/health/ready")

    assert reply.status_code == 503
    assert reply.json() == {"status": "unavailable", "down": ["queue", "storage"]}
    assert int(reply["Retry-After"]) <= 5


@pytest.mark.django_db
def test_steps_that_nobody_takes_mean_no_workers(client, ann):
    from datetime import timedelta

    from django.utils import timezone

    from generator.models import Output
    from nanobanana.tests.rows import make_generation

    made = make_generation(ann, status="processing", completed_at=None)
    late = timezone.now() - timedelta(minutes=2)
    Output.objects.filter(generation=made).update(state="run", due_at=late)
    assert client.get("/health/ready").json()["down"] == ["workers"]
