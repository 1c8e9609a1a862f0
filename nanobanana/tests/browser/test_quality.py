"""Every page, at both widths and in both themes: open to all, steady, quiet, in budget."""

from __future__ import annotations

import gzip

import pytest
from django.conf import settings

from nanobanana.tests.browser.conftest import NARROW, WIDE

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
OPEN = (
    "/", "/generator", "/pricing", "/docs", "/docs/errors", "/gallery", "/nothing-here",
    "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/",
)  # fmt: skip
OWN = (
    "/generator", "/history", "/history?view=grid", "/dashboard", "/billing",
    "/settings/profile", "/settings/account", "/settings/keys",
)  # fmt: skip
RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]},
}


@pytest.mark.parametrize(("viewport", "theme"), [(WIDE, "light"), (NARROW, "dark")])
def test_pages_are_accessible_steady_and_quiet(window, people, made, viewport, theme):
    from axe_playwright_python.sync_playwright import Axe

    axe, picture = Axe(), made.outputs.get().pk
    problems = []
    for user, paths in (
        (None, OPEN),
        (people["ann"], (*OWN, f"/images/{picture}", f"/gallery/publish?output={picture}")),
    ):
        seen = window(user, viewport=viewport, theme=theme)
        for path in paths:
            seen.open(path)
            found = axe.run(seen.page, options=RULES).response["violations"]
            problems += [(path, one["id"], one["nodes"][0]["target"]) for one in found]
            problems += [(path, "moves", seen.shift())] if seen.shift() > 0.01 else []
            problems += [(path, "too wide")] if seen.overflow() > 0 else []
        problems += [("console", text) for text in seen.complaints]
    assert problems == []


def test_script_and_style_keep_their_budget():
    def packed(*names):
        return sum(len(gzip.compress((folder / name).read_bytes())) for name in names)

    folder = settings.BASE_DIR / "static"
    scripts = [f"js/{path.name}" for path in (folder / "js").glob("*.js")]
    assert packed("vendor/htmx.min.js", *scripts) < 30_000
    assert packed("style.css") < 15_000
