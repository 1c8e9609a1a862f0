"""Who a request speaks for: one order of credentials, one refusal, no cookie beside a header."""

from datetime import timedelta

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.middleware.csrf import get_token
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import keys, tokens
from accounts.authentication import Credentials
from accounts.models import Visitor
from accounts.owner_of import owner_of
from accounts.permissions import Scope

pytestmark = pytest.mark.django_db


class Door(APIView):
    """Tells whom it let in; needs no credential."""

    authentication_classes = (Credentials,)
    permission_classes = (Scope("read", anonymous=True),)

    def get(self, request):
        owner = owner_of(request)
        return Response(
            {"owner": owner and owner.id, "key": str(owner.key) if owner and owner.key else None}
        )

    post = get


class LockedDoor(Door):
    """Lets in whoever may generate."""

    permission_classes = (Scope("generate"),)


def knock(door=Door, *, method="get", user=None, visitor=None, csrf=False, path="/", **headers):
    """One request, perhaps with a browser's session, with or without its CSRF token."""
    request = getattr(RequestFactory(), method)(path, headers=headers)
    request.user = user or _nobody()
    request.session = SessionStore()
    if visitor:
        request.session["visitor"] = str(visitor.pk)
    if csrf:
        token = get_token(request)
        request.COOKIES["csrftoken"] = request.META["CSRF_COOKIE"]
        request.META["HTTP_X_CSRFTOKEN"] = token
    return door.as_view()(request)


def _nobody():
    from django.contrib.auth.models import AnonymousUser

    return AnonymousUser()


@pytest.mark.parametrize(
    "header",
    ["Authorization: Bearer {}", "Authorization: bearer  {}", "Authorization: Token {}",
     "X-API-Key: {}", "x-goog-api-key: {}"],
)  # fmt: skip
def test_a_key_opens_by_every_header_that_clients_use(ann, header):
    key, plain = keys.issue(ann)
    name, value = header.format(plain).split(": ")

    reply = knock(**{name: value})

    assert reply.status_code == 200
    assert reply.data == {"owner": str(ann.pk), "key": key.shown}


def test_an_access_token_opens_and_uses_no_key(ann):
    plain = tokens.issue(ann)[1]

    assert knock(Authorization=f"Bearer {plain}").data == {"owner": str(ann.pk), "key": None}
    assert knock(**{"X-API-Key": plain}).status_code == 401


def test_an_access_token_ends_by_time_by_sign_out_and_with_its_user(ann, settings):
    token, plain = tokens.issue(ann)
    assert token.expires_at - timezone.now() > timedelta(minutes=10_079)
    assert plain not in str(vars(token))
    tokens.end(token)
    settings.ACCESS_TOKEN_EXPIRE_MINUTES = 0
    late = tokens.issue(ann)[1]
    settings.ACCESS_TOKEN_EXPIRE_MINUTES = 5
    orphan = tokens.issue(ann)[1]
    ann.is_active = False
    ann.save()

    for ended in (plain, late, orphan):
        assert knock(Authorization=f"Bearer {ended}").status_code == 401
    assert tokens.forget_expired() == 1


def test_every_bad_credential_gets_the_same_401_even_where_none_is_needed(ann, bob):
    revoked, gone = keys.issue(ann)
    keys.revoke(revoked)
    old = keys.issue(ann, expires_at=timezone.now() - timedelta(days=1))[1]
    good = keys.issue(bob)[1]
    typo = good[:-1] + ("0" if good[-1] != "0" else "1")
    values = [gone, old, typo, "nb_", "", "é" * 49, "sk-abc", good * 200, f"{good}, Bearer {good}"]
    replies = [knock(Authorization=f"Bearer {value}") for value in values]
    replies += [
        knock(Authorization=value) for value in ("Basic YTpi", "", "Bearer", good, f"Key {good}")
    ]
    replies += [knock(**{"X-API-Key": value}) for value in ("", gone, f"Bearer {good}")]

    assert {reply.status_code for reply in replies} == {401}
    assert {reply["WWW-Authenticate"] for reply in replies} == {"Bearer"}
    assert len({str(reply.data["detail"]) for reply in replies}) == 1


def test_the_first_header_decides_alone(ann, bob):
    mine, his = keys.issue(ann)[1], keys.issue(bob)[1]

    both = {"Authorization": f"Bearer {mine}", "X-API-Key": his, "x-goog-api-key": his}
    assert knock(**both).data["owner"] == str(ann.pk)
    assert knock(Authorization="Bearer nonsense", **{"X-API-Key": his}).status_code == 401


def test_cookies_are_ignored_beside_a_credential(ann, bob):
    plain = keys.issue(ann)[1]

    reply = knock(method="post", user=bob, Authorization=f"Bearer {plain}")
    assert reply.data["owner"] == str(ann.pk)
    assert knock(user=bob, Authorization="Bearer nonsense").status_code == 401


def test_a_key_in_the_query_string_is_never_read(ann):
    plain = keys.issue(ann)[1]

    for name in ("key", "api_key", "access_token", "token"):
        assert knock(LockedDoor, path=f"/?{name}={plain}").status_code == 401


def test_a_session_reads_freely_and_writes_with_its_csrf_token(ann):
    assert knock(user=ann).data["owner"] == str(ann.pk)
    assert knock(method="post", user=ann).status_code == 403
    assert knock(method="post", user=ann, csrf=True).data["owner"] == str(ann.pk)


def test_a_visitor_writes_with_the_csrf_token_too():
    visitor = Visitor.objects.create()

    assert knock(visitor=visitor).data["owner"] == str(visitor.pk)
    assert knock(method="post", visitor=visitor).status_code == 403
    assert knock(method="post", visitor=visitor, csrf=True).data["owner"] == str(visitor.pk)


def test_nobody_is_let_in_only_where_no_credential_is_needed():
    assert knock().data == {"owner": None, "key": None}
    refused = knock(LockedDoor)
    assert refused.status_code == 401
    assert refused["WWW-Authenticate"] == "Bearer"


def test_a_key_does_only_what_its_scopes_say(ann):
    reader = keys.issue(ann, scopes=["read"])[1]
    maker = keys.issue(ann, scopes=["generate"])[1]

    refused = knock(LockedDoor, Authorization=f"Bearer {reader}")
    assert refused.status_code == 403
    assert refused.data["code"] == "insufficient_scope"
    assert knock(LockedDoor, Authorization=f"Bearer {maker}").status_code == 200
    assert knock(Authorization=f"Bearer {maker}").status_code == 403


def test_sessions_and_access_tokens_have_every_scope(ann):
    assert knock(LockedDoor, user=ann).status_code == 200
    assert knock(LockedDoor, Authorization=f"Bearer {tokens.issue(ann)[1]}").status_code == 200
