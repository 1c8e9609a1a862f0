"""What staff see of people and may do to them, and what they never see."""

import re

import pytest
from django.contrib.auth.models import Permission

from accounts import keys, tokens
from accounts.models import ApiKey, User, Visitor

pytestmark = pytest.mark.django_db

LISTS = ("user", "apikey", "accesstoken", "visitor", "mail")


def act(client, model, action, pk, **answers):
    """Runs an admin action, with its reason."""
    path = f"/admin/accounts/{model}/"
    chosen = {"action": action, "_selected_action": str(pk)}
    page = client.post(path, chosen).content.decode()
    once = re.search(r'name="once" value="(\w+)"', page)[1]
    return client.post(path, chosen | {"once": once, "reason": "Because of spam"} | answers)


@pytest.mark.parametrize("name", LISTS)
def test_every_list_opens_for_staff_and_for_nobody_else(sam_client, bob_client, visitor, name):
    path = f"/admin/accounts/{name}/"

    assert sam_client.get(path).status_code == 200
    assert sam_client.get(f"{path}?q=ann").status_code == 200
    assert bob_client.get(path).status_code in {302, 403}
    assert visitor.get(path).status_code == 302


def test_lists_need_as_many_queries_for_many_rows(sam_client, ann, django_assert_max_num_queries):
    for number in range(10):
        user = User.objects.create_user(f"u{number}@example.com")
        keys.issue(user)
        tokens.issue(user)
        Visitor.objects.create(claimed_by=user)

    for name in LISTS:
        with django_assert_max_num_queries(9):
            assert sam_client.get(f"/admin/accounts/{name}/").status_code == 200


def test_no_page_of_the_admin_shows_a_digest_or_a_password(sam_client, ann):
    key, plain = keys.issue(ann, name="Website")
    token, _ = tokens.issue(ann)
    paths = [f"user/{ann.pk}", f"apikey/{key.pk}", f"accesstoken/{token.pk}", "apikey", "user"]
    for path in paths:
        page = sam_client.get(f"/admin/accounts/{path}/", follow=True).content.decode()
        assert plain[7:] not in page
        assert bytes(key.digest).hex() not in page
        assert ann.password not in page
        assert "digest" not in page.lower()
    assert key.shown in sam_client.get(f"/admin/accounts/user/{ann.pk}/change/").content.decode()


def test_a_banned_user_is_out_everywhere_and_can_be_let_in_again(
    sam_client, ann, ann_client, ann_key
):
    token = tokens.issue(ann)[1]
    act(sam_client, "user", "ban", ann.pk)
    assert ann_client.get("/settings/profile").status_code == 302
    assert keys.verify(ann_key) is None
    assert tokens.verify(token) is None

    act(sam_client, "user", "unban", ann.pk)
    assert keys.verify(ann_key)
    history = sam_client.get(f"/admin/accounts/user/{ann.pk}/history/").content.decode()
    assert "Because of spam" in history


def test_nobody_bans_themselves(sam_client, sam):
    act(sam_client, "user", "ban", sam.pk)
    sam.refresh_from_db()

    assert sam.is_active


def test_staff_revoke_a_key_with_a_reason(sam_client, ann):
    key, plain = keys.issue(ann)
    act(sam_client, "apikey", "revoke", key.pk, reason="")
    assert keys.verify(plain)

    act(sam_client, "apikey", "revoke", key.pk)
    assert keys.verify(plain) is None
    assert ApiKey.objects.get().revoked_at


def test_users_are_neither_made_nor_deleted_in_the_admin(sam_client, ann):
    assert sam_client.get("/admin/accounts/user/add/").status_code == 403
    path = f"/admin/accounts/user/{ann.pk}/delete/"
    assert sam_client.post(path, {"post": "yes"}).status_code == 403
    assert User.objects.filter(pk=ann.pk).exists()


def test_staff_without_the_power_make_no_staff(ann, sam_client, sam):
    User.objects.filter(pk=sam.pk).update(is_superuser=False)
    sam.user_permissions.add(*Permission.objects.filter(codename__in=["view_user", "change_user"]))
    wishes = {"name": "Ann", "handle": "", "is_active": "on", "is_staff": "on", "why": "A try",
              "is_superuser": "on"}  # fmt: skip
    forms = {}
    for prefix in ("emailaddress_set", "api_keys"):
        forms |= {f"{prefix}-TOTAL_FORMS": "0", f"{prefix}-INITIAL_FORMS": "0"}
    reply = sam_client.post(f"/admin/accounts/user/{ann.pk}/change/", wishes | forms)
    ann.refresh_from_db()

    assert reply.status_code == 302
    assert ann.name == "Ann"
    assert (ann.is_staff, ann.is_superuser) == (False, False)
