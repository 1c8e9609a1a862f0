"""The stage of browser tests: the system's Chromium on a real server, and its complaints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from accounts.models import User
from accounts.owner import Owner
from generator import catalogue, engine
from generator.models import Generation

WIDE, NARROW = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SHIFTS = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts.push(one.value);
}).observe({ type: "layout-shift", buffered: true });
"""


@dataclass
class Window:
    """A browser window on the site, and every complaint of its console."""

    page: Any
    address: str
    complaints: list[str] = field(default_factory=list)

    def open(self, path: str) -> None:
        """Go to a page and wait until it has loaded."""
        self.page.goto(self.address + path)
        self.page.wait_for_load_state("load")

    def shift(self) -> float:
        """How far the page's parts moved by themselves (CLS)."""
        return sum(self.page.evaluate("window.shifts"))

    def overflow(self) -> int:
        """Pixels that the page is wider than its window."""
        return self.page.evaluate("document.documentElement.scrollWidth - innerWidth")


@pytest.fixture(scope="package")
def browser(chromium: str) -> Iterator[Any]:
    """The system's Chromium, headless, until the last test of this package."""
    from playwright.sync_api import sync_playwright

    flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with pytest.MonkeyPatch.context() as patch, sync_playwright() as playwright:
        # Playwright keeps a loop running in this thread; Django would refuse its database there.
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield playwright.chromium.launch(executable_path=chromium, args=flags)


@pytest.fixture
def window(browser: Any, live_server: Any) -> Iterator[Callable[..., Window]]:
    """Opens windows: `window(user, viewport=…, theme=…, script=…)`."""
    contexts: list[Any] = []

    def opened(
        user: User | None = None,
        viewport: dict[str, int] | None = None,
        theme: str = "light",
        script: bool = True,
    ) -> Window:
        context = browser.new_context(
            viewport=viewport or WIDE, color_scheme=theme, java_script_enabled=script
        )
        contexts.append(context)
        context.add_init_script(SHIFTS)
        if user is not None:
            value = _session(user)
            name = settings.SESSION_COOKIE_NAME
            context.add_cookies([{"name": name, "value": value, "url": live_server.url}])
        page = context.new_page()
        seen = Window(page, live_server.url)
        page.on("console", lambda one: _note(seen, one.type, one.text))
        page.on("pageerror", lambda error: seen.complaints.append(str(error)))
        return seen

    yield opened
    for context in contexts:
        context.close()


def _note(window: Window, kind: str, text: str) -> None:
    # A refused form is a page with an error status, which Chromium reports as well.
    if kind in {"error", "warning"} and "the server responded with a status of 4" not in text:
        window.complaints.append(text)


def _session(user: User) -> str:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
def people(transactional_db: None, django_db_serialized_rollback: None) -> dict[str, User]:
    """Ann, made in the database that the server's threads read."""
    return {"ann": User.objects.create_user("ann@example.com", "correct horse battery staple")}


@pytest.fixture
def made(people: dict[str, User]) -> Generation:
    """A finished picture of ann's."""
    owner = Owner(user=people["ann"])
    data = {"prompt": "a tower by the sea", "aspect_ratio": "4:3"}
    generation = engine.submit(owner, catalogue.validate(data, owner=owner))
    engine.drain()
    return generation
