"""What an API key promises: shown once, kept hashed, dead at once when revoked."""

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey

pytestmark = pytest.mark.django_db


def test_a_key_has_49_characters_and_opens_its_users_door(ann):
    key, plain = keys.issue(ann, name="Website")

    assert len(plain) == 49
    assert keys.PATTERN.fullmatch(plain)
    assert keys.verify(plain) == key
    assert keys.verify(plain).user == ann


def test_only_the_digest_and_seven_characters_are_kept(ann):
    key, plain = keys.issue(ann)
    row = ApiKey.objects.values().get(pk=key.pk)

    assert bytes(row["digest"]) == hashlib.sha256(plain.encode()).digest()
    assert row["prefix"] == plain[:7]
    assert key.shown == f"{plain[:7]}…"
    assert plain[7:] not in str(row)


def test_two_keys_are_never_alike(ann):
    assert len({keys.issue(ann)[1] for _ in range(20)}) == 20


def test_a_key_may_read_and_generate_unless_told_otherwise(ann):
    assert keys.issue(ann)[0].scopes == ["read", "generate"]
    assert keys.issue(ann, scopes=["manage", "read"])[0].scopes == ["read", "manage"]
    with pytest.raises(ValueError, match="read, generate, manage"):
        keys.issue(ann, scopes=["root"])


def test_a_typo_is_refused_without_a_query(ann, django_assert_num_queries):
    plain = keys.issue(ann)[1]
    typo = plain[:20] + ("a" if plain[20] != "a" else "b") + plain[21:]

    with django_assert_num_queries(0):
        for text in (typo, plain[:-1], plain + "x", plain.upper(), "nb_", "", "x" * 10_000, "nb_é"):
            assert keys.verify(text) is None


def test_a_key_that_was_never_issued_is_refused(ann):
    body = "nb_" + "a" * 40

    assert keys.well_formed(body + keys.checksum(body))
    assert keys.verify(body + keys.checksum(body)) is None


def test_a_key_is_verified_in_one_query_with_its_user(ann, django_assert_num_queries):
    plain = keys.issue(ann)[1]
    keys.verify(plain)

    with django_assert_num_queries(1):
        assert keys.verify(plain).user.email == "ann@example.com"


def test_a_revoked_key_is_refused_and_its_row_stays(ann):
    key, plain = keys.issue(ann)
    keys.revoke(key)
    first = ApiKey.objects.get(pk=key.pk).revoked_at
    keys.revoke(ApiKey.objects.get(pk=key.pk))

    assert keys.verify(plain) is None
    assert first is not None
    assert ApiKey.objects.get(pk=key.pk).revoked_at == first


def test_an_expired_key_is_refused(ann):
    soon = keys.issue(ann, expires_at=timezone.now() + timedelta(hours=1))[1]
    past = keys.issue(ann, expires_at=timezone.now() - timedelta(seconds=1))[1]

    assert keys.verify(soon)
    assert keys.verify(past) is None


def test_a_key_of_a_deactivated_user_is_refused(ann):
    plain = keys.issue(ann)[1]
    ann.is_active = False
    ann.save()

    assert keys.verify(plain) is None


def test_revoking_all_spares_other_people(ann, bob):
    mine, his = keys.issue(ann)[1], keys.issue(bob)[1]

    assert keys.revoke_all(ann) == 1
    assert keys.verify(mine) is None
    assert keys.verify(his)


def test_the_last_use_is_noted_at_most_once_a_minute(ann, time_machine):
    key, plain = keys.issue(ann)
    start = timezone.now()

    def used_after(seconds: int) -> float:
        time_machine.move_to(start + timedelta(seconds=seconds), tick=False)
        keys.verify(plain)
        return (ApiKey.objects.get(pk=key.pk).last_used_at - start).total_seconds()

    assert [used_after(seconds) for seconds in (1, 30, 60, 61, 100, 121)] == [1, 1, 1, 61, 61, 121]
