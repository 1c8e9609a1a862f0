"""What a start of the embedded site makes ready: tables, words, staff account, showcase."""

from __future__ import annotations

import hashlib
import logging
import secrets
import threading
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import OutputWrapper
from django.db import connection

from accounts.models import User
from gallery import first_showcase, words
from generator import engine

log = logging.getLogger(__name__)
STAFF_EMAIL = "staff@nanobanana.local"


def prepare(stdout: OutputWrapper) -> None:
    """Bring the database and the static files up to date and take up what was running.

    On the very first start it also makes a staff account, which it prints once, and paints a
    showcase.
    """
    is_first = not (settings.DATA_DIR / "prepared").exists()
    if is_first:
        stdout.write("First start: making the database …")
        stdout.flush()
    call_command("migrate", verbosity=0, interactive=False)
    _collect_static()
    engine.recover()
    words.sync_words()
    if not is_first:
        return
    _make_staff(stdout)
    threading.Thread(target=_paint, name="showcase", daemon=True).start()
    (settings.DATA_DIR / "prepared").touch()


def _collect_static() -> None:
    """Copy and compress static files where any changed since the last start."""
    stamp = settings.STATIC_ROOT / ".stamp"
    found = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            facts = Path(storage.path(name)).stat()
            found.update(f"{name} {facts.st_size} {facts.st_mtime_ns}\n".encode())
    if stamp.exists() and stamp.read_text() == found.hexdigest():
        return
    call_command("collectstatic", verbosity=0, interactive=False)
    stamp.write_text(found.hexdigest())


def _make_staff(stdout: OutputWrapper) -> None:
    """A staff account with a random password, printed this once and kept nowhere."""
    if User.objects.filter(is_staff=True).exists():
        return
    password = secrets.token_urlsafe(12)
    User.objects.create_superuser(STAFF_EMAIL, password, name="Staff")
    stdout.write(f"Staff account (shown once): {STAFF_EMAIL}  password: {password}")
    stdout.write(f"Admin: {settings.SITE_URL}/admin/")
    stdout.flush()


def _paint() -> None:
    try:
        first_showcase.paint()
    except Exception:
        # A gallery without a showcase is no reason not to start.
        log.exception("the first showcase could not be painted")
    finally:
        connection.close()
