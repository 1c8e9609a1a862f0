"""The one cast of all tests and its stage: ann owns, bob is a stranger, sam is staff, a visitor."""

from __future__ import annotations

import atexit
import functools
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import django
import pytest

from nanobanana.environment import SETTINGS, UNUSED

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client
    from django.test.client import ClientHandler

    from accounts.models import User

PASSWORD = "correct horse battery staple"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def _prepare_environment() -> None:
    """Nothing configured on this machine reaches a test; each process gets its own data folder."""
    for name in [setting.name for setting in SETTINGS] + list(UNUSED):
        os.environ.pop(name, None)
    folder = tempfile.mkdtemp(prefix="nb-test-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["DJANGO_SETTINGS_MODULE"] = "nanobanana.settings"
    os.environ.update(NB_TEST="1", DATA_DIR=folder, DEMO="1", DEMO_DELAY="0")
    if os.environ.get("TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = os.environ["TEST_DATABASE_URL"]
    if os.environ.get("TEST_REDIS_URL"):
        number = int(WORKER.removeprefix("gw") or 0)
        os.environ["REDIS_URL"] = f"{os.environ['TEST_REDIS_URL'].rstrip('/')}/{number}"


_prepare_environment()
django.setup()  # now, so that a conftest below may import models


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long` lets the long figures run."""
    parser.addoption("--long", action="store_true", help="also run the tests marked long")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out the long figures unless asked for; skips by name what cannot run here."""
    if not config.getoption("--long"):
        long = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if not item.get_closest_marker("long")]
        config.hook.pytest_deselected(items=long)
    for item in items:
        for marker, reason in _obstacles():
            if item.get_closest_marker(marker):
                item.add_marker(pytest.mark.skip(reason=reason))


def _obstacles() -> list[tuple[str, str]]:
    """Markers that cannot run here, each with the reason."""
    found = []
    if not os.environ.get("TEST_DATABASE_URL"):
        found.append(("races", "races run on PostgreSQL: SQLite lets one writer in at a time"))
    if not os.environ.get("TEST_REDIS_URL"):
        found.append(("redis", "no Redis here: TEST_REDIS_URL is not set"))
    if chromium_path() is None:
        found.append(("browser", "no Chromium on this machine"))
    return found


def chromium_path() -> str | None:
    """The system's Chromium or Chrome, if it has one."""
    names = ("chromium", "chromium-browser", "google-chrome")
    return next((path for path in map(shutil.which, names) if path), None)


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of the system's Chromium, for tests marked `browser`."""
    path = chromium_path()
    assert path, "mark the test `browser`"
    return path


@pytest.fixture(autouse=True)
def _fresh_cache() -> None:
    """No rate limit or cached answer of one test is seen by the next."""
    from django.core.cache import cache

    cache.clear()


def _person(email: str, **facts: Any) -> User:
    from accounts.models import User

    return User.objects.create_user(email=email, password=PASSWORD, **facts)


@pytest.fixture
def ann(db: None) -> User:
    """She owns what the test is about."""
    return _person("ann@example.com")


@pytest.fixture
def bob(db: None) -> User:
    """A stranger with an account: what is ann's is none of his business."""
    return _person("bob@example.com")


@pytest.fixture
def sam(db: None) -> User:
    """Staff with every permission."""
    return _person("sam@example.com", is_staff=True, is_superuser=True)


@functools.cache
def _handler() -> ClientHandler:
    """All clients' middleware, loaded once (10 ms) and again after a test changes a setting."""
    from django.core.signals import setting_changed
    from django.test.client import ClientHandler

    handler = ClientHandler(enforce_csrf_checks=False)

    def forget(**_: Any) -> None:
        vars(handler)["_middleware_chain"] = None  # loaded anew at the next request

    setting_changed.connect(forget, weak=False)
    return handler


def _client(user: User | None = None) -> Client:
    from django.test import Client

    client = Client()
    client.handler = _handler()
    if user is not None:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def visitor(db: None) -> Client:
    """A browser that nobody has signed in to."""
    return _client()


@pytest.fixture
def ann_client(ann: User) -> Client:
    """Ann's browser, signed in."""
    return _client(ann)


@pytest.fixture
def bob_client(bob: User) -> Client:
    """Bob's browser, signed in."""
    return _client(bob)


@pytest.fixture
def sam_client(sam: User) -> Client:
    """Sam's browser, signed in."""
    return _client(sam)


def _key(user: User) -> str:
    from accounts import keys

    return keys.issue(user, name="tests")[1]


@pytest.fixture
def ann_key(ann: User) -> str:
    """An API key of ann's, in plain text."""
    return _key(ann)


@pytest.fixture
def bob_key(bob: User) -> str:
    """An API key of bob's, in plain text."""
    return _key(bob)


@dataclass(frozen=True)
class Api:
    """A program that speaks JSON with one API key, or none; keyword arguments become headers."""

    key: str

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """One request; `Idempotency_Key="x"` is sent as the header Idempotency-Key."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            named.setdefault("Authorization", f"Bearer {self.key}")
        data = {} if body is None else {"data": body, "content_type": "application/json"}
        return getattr(_client(), method)(path, headers=named, **data)

    def get(self, path: str, **headers: str) -> HttpResponse:
        """GET."""
        return self.send("get", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """POST `body` as JSON; text is sent as it is."""
        return self.send("post", path, {} if body is None else body, **headers)

    def put(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """PUT `body` as JSON."""
        return self.send("put", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """PATCH with `body` as JSON."""
        return self.send("patch", path, {} if body is None else body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        """DELETE."""
        return self.send("delete", path, **headers)


@pytest.fixture
def api(ann_key: str) -> Api:
    """Ann's program."""
    return Api(ann_key)


@pytest.fixture
def bob_api(bob_key: str) -> Api:
    """Bob's program."""
    return Api(bob_key)


@pytest.fixture
def anonymous_api(db: None) -> Api:
    """A program without a key."""
    return Api("")


@pytest.fixture
def run_engine(db: None) -> Callable[[], Any]:
    """Drives every open generation to its end, here and now."""
    from generator import engine

    return engine.drain
