"""How tests come in: the sign-up and sign-in forms, the links of mails, Google's consent."""

import re
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from conftest import PASSWORD

CLAIMS = {"email": "Mira@Example.com", "email_verified": True, "name": "Mira Banana"}


def sign_up(client, email="mira@example.com", password=PASSWORD, **more):
    return client.post("/accounts/signup/", {"email": email, "password1": password, **more})


def sign_in(client, email="ann@example.com", password=PASSWORD, **more):
    return client.post("/accounts/login/", {"login": email, "password": password, **more})


def is_in(client):
    """Whether this browser is signed in."""
    return client.get("/settings/profile").status_code == 200


def link(message):
    """The path of the link in a mail."""
    [found] = re.findall(r"http://127\.0\.0\.1:8000(/accounts/\S+/)\s", message.body)
    return found


@contextmanager
def knowing(provider, sub="g-1", **changes):
    """Google knows this person."""
    claims = {name: value for name, value in (CLAIMS | changes).items() if value is not None}
    httpx.put(f"{provider}/users/{sub}", json=claims).raise_for_status()
    yield claims


def begin(client, **data):
    """Presses the button; gives Google's address that the browser is sent to."""
    reply = client.post("/accounts/google/login/", {"process": "login", **data})
    assert reply.status_code == 302
    return reply["Location"]


def consent(address, sub="g-1"):
    """The person says yes at Google; gives the path the browser comes back to."""
    reply = httpx.post(address, data={"sub": sub})
    assert reply.status_code == 302
    back = urlsplit(reply.headers["Location"])
    return f"{back.path}?{back.query}"


def enter(client, provider, sub="g-1", next="", **claims):
    """A whole Google login; gives the answer to the callback."""
    with knowing(provider, sub, **claims):
        return client.get(consent(begin(client, next=next), sub))
