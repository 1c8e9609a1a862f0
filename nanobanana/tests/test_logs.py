"""What opens a door never stands in the log."""

import pytest
from django.test import RequestFactory

from accounts import keys, tokens
from nanobanana.logs import redact

pytestmark = pytest.mark.django_db


def logged(value):
    """What the log keeps of a value."""
    return str(redact(None, "info", {"event": value})["event"])


def test_keys_and_tokens_are_blanked(ann):
    key, token = keys.issue(ann)[1], tokens.issue(ann)[1]

    for text in (f"GET /?key={key}", f"Authorization: Bearer {token}", token, f"({key})"):
        assert key[8:] not in logged(text)
        assert token[8:] not in logged(text)


@pytest.mark.parametrize(
    ("path", "secret"),
    [
        ("/accounts/password/reset/key/1-abc123-def456/", "abc123"),
        ("/accounts/confirm-email/MQ:1tAbCd:XyZ_-9/", "XyZ"),
        ("/accounts/google/login/callback/?state=s&code=4%2Fabcdef", "abcdef"),
        ("/f/0f0f?t=abc:def", "abc:def"),
    ],
)
def test_links_that_open_something_are_blanked_in_text_and_requests(path, secret):
    for value in (f"Not Found: {path}", RequestFactory().get(path)):
        assert secret not in logged(value)
        assert path[:5] in logged(value)


def test_other_values_stay_as_they_are():
    event = {"event": "a request broke", "status": 500, "path": "/settings/keys", "ok": None}

    assert redact(None, "info", dict(event)) == event
