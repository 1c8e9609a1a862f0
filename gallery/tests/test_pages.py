"""The gallery's pages: what each reader sees, and what the forms do with and without script."""

from __future__ import annotations

import re
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from gallery import listing, showcase
from gallery.models import Item, Report
from generator import files
from generator.models import Generation, Output

HTMX = {"HTTP_HX_REQUEST": "true"}


def read(client, path, status=200, **headers):
    answer = client.get(path, **headers)
    assert answer.status_code == status, path
    return answer.content.decode()


def where(item, act=""):
    return f"/gallery/{item.pk}{f'/{act}' if act else ''}"


def test_an_empty_gallery_says_so_and_offers_a_way_on(visitor):
    text = read(visitor, "/gallery")
    assert "Nothing published yet" in text
    assert 'href="/generator"' in text


def test_a_visitor_sees_what_is_published_and_nothing_else(visitor, ann, show, picture):
    shown, hidden, withdrawn = (show(ann, title=title) for title in ("One", "Two", "Three"))
    private = picture(ann)
    showcase.hide(hidden)
    showcase.withdraw(withdrawn)
    text = read(visitor, "/gallery")
    assert f"/p/{shown.output_id}/640" in text
    for one in (hidden.output_id, withdrawn.output_id, private.pk):
        assert str(one) not in text


def test_the_public_pages_tell_nothing_but_what_they_may(visitor, ann, show):
    item = show(ann, show_prompt=False, title="Sea")
    Generation.objects.update(cost_micros=123_456, seed=77_123_456, error_message="inner words")
    for path in ("/gallery", where(item), f"/u/maker-{ann.id.hex[:12]}", where(item, "report")):
        text = read(visitor, path)
        for secret in (
            ann.email, str(ann.pk), ann.pk.hex, "lighthouse", "77123456", "0.123", "inner words",
            item.output.generation.pk.hex, str(item.output.generation_id), item.output.file_key,
        ):  # fmt: skip
            assert secret not in text, (path, secret)


@pytest.mark.parametrize("path", ["/gallery", "item"])
def test_what_people_write_is_shown_as_text(visitor, ann, show, path):
    evil = '"><script>alert(1)</script>{{ 7|add:7 }}'
    ann.name = evil
    ann.save()
    item = show(ann, title=evil, description=evil, prompt=evil)
    text = read(visitor, where(item) if path == "item" else path)
    assert "<script>alert(1)" not in text
    assert ">14<" not in text


def test_the_gallery_has_real_links_to_every_page(visitor, ann, show, monkeypatch):
    monkeypatch.setattr(listing, "SIZE", 2)
    for order in listing.SORTS:
        monkeypatch.setitem(listing.SORTS, order, _paged(listing.SORTS[order]))
    items = {str(show(ann).pk) for _ in range(5)}
    seen, path = set(), "/gallery?sort=top&q=light"
    for _ in range(3):
        text = read(visitor, path)
        seen |= set(re.findall(r'href="/gallery/([0-9a-f-]{36})"', text))
        more = re.search(r'href="(\?[^"]*after=[^"]*)" rel="next"', text)
        path = f"/gallery{more[1]}".replace("&amp;", "&") if more else ""
    assert seen == items
    assert not path


def _paged(order):
    return lambda cursor, items: order(cursor, items, 2)


def test_show_more_brings_only_tiles_and_the_next_link(visitor, ann, show):
    show(ann)
    text = read(visitor, "/gallery", **HTMX)
    assert text.count("<li") == 1
    assert "<html" not in text
    assert 'hx-swap-oob="true"' in text


@pytest.mark.queries
@pytest.mark.parametrize("who", ["visitor", "bob_client"])
def test_the_wall_takes_as_many_queries_for_many_tiles_as_for_few(who, request, ann, show):
    client = request.getfixturevalue(who)
    show(ann)
    read(client, "/gallery")  # a wallet is opened at first touch
    with CaptureQueriesContext(connection) as few:
        read(client, "/gallery")
    for _ in range(20):
        show(ann)
    with CaptureQueriesContext(connection) as many:
        read(client, "/gallery")
    assert len(many) <= len(few)
    ours = [one for one in many if re.search(r'FROM "(gallery|generator)_', one["sql"])]
    assert len(ours) <= 4


@pytest.mark.queries
@pytest.mark.parametrize(
    "query",
    [
        "q=%00", "q=%25", "q=" + "x" * 10_000, "after=%00", "after=-1", "sort=evil", "model=%27",
        "page=9",
    ],
)  # fmt: skip
def test_any_query_gets_a_page(visitor, ann, show, query):
    show(ann)
    read(visitor, f"/gallery?{query}")


def test_search_finds_words_and_offers_to_make_what_is_missing(visitor, ann, show):
    show(ann, title="Red fox")
    assert "Like" not in read(visitor, "/gallery?q=whale")
    assert "?prompt=whale" in read(visitor, "/gallery?q=whale")
    assert "Red fox" in read(visitor, "/gallery?q=fox")


def test_an_item_has_a_card_for_other_sites(visitor, ann, show):
    item = show(ann, title="Sea")
    text = read(visitor, where(item))
    assert f'property="og:image" content="http://127.0.0.1:8000/p/{item.output_id}"' in text
    assert 'property="og:title" content="Sea by maker-' in text
    assert "Made with AI" in text


def test_a_demo_picture_is_never_called_ai(visitor, ann, show, picture):
    text = read(visitor, where(show(ann, output=picture(ann, provider="demo"))))
    assert "Made with AI" not in text
    assert "is not AI" in text


def test_remix_fills_the_create_page_as_far_as_the_author_shows(visitor, ann, show):
    assert "prompt=a+lighthouse+at+dusk" in read(visitor, where(show(ann)))
    assert "prompt=" not in read(visitor, where(show(ann, show_prompt=False)))


def test_a_strangers_private_item_and_no_item_answer_alike(visitor, bob_client, ann, show):
    item = show(ann)
    showcase.withdraw(item)
    for client in (visitor, bob_client):
        for act in ("", "report"):
            gone = client.get(where(item, act))
            none = client.get(f"/gallery/{uuid.uuid4()}{f'/{act}' if act else ''}")
            assert gone.status_code == none.status_code == 404
        assert client.post(where(item, "like")).status_code == 404


def test_its_author_still_sees_a_withdrawn_item_and_may_publish_it_again(ann, ann_client, show):
    item = show(ann, title="Sea")
    ann_client.post(where(item, "withdraw"))
    text = read(ann_client, where(item))
    assert "Only you can see this picture" in text
    assert "Publish again" in text
    assert f"/f/{item.output_id}" in text, "the file opens by a signed link"


def test_its_author_is_told_when_staff_hid_an_item(ann, ann_client, show):
    item = show(ann)
    showcase.hide(item)
    text = read(ann_client, where(item))
    assert "staff took this picture out" in text
    assert "Publish again" not in text


@pytest.mark.parametrize("act", ["edit", "withdraw"])
def test_only_its_author_changes_an_item(act, bob_client, visitor, ann, show):
    item = show(ann, title="Sea")
    assert bob_client.post(where(item, act), {"title": "Mine"}).status_code == 404
    assert "login" in visitor.post(where(item, act), {"title": "Mine"})["Location"]
    item.refresh_from_db()
    assert (item.title, item.is_public) == ("Sea", True)


def test_an_author_changes_the_words(ann, ann_client, show):
    item = show(ann)
    ann_client.post(where(item, "edit"), {"title": "Sea", "description": "At night"})
    item.refresh_from_db()
    assert (item.title, item.description, item.prompt) == ("Sea", "At night", "")


def test_words_that_are_too_long_are_refused_and_kept_in_the_form(ann, ann_client, show):
    item = show(ann, title="Sea")
    answer = ann_client.post(where(item, "edit"), {"title": "x" * 121})
    assert answer.status_code == 400
    assert "x" * 121 in answer.content.decode()
    item.refresh_from_db()
    assert item.title == "Sea"


def test_publishing_by_the_form_shows_the_picture(ann, ann_client, visitor, picture):
    output = picture(ann)
    assert "lighthouse" in read(ann_client, f"/gallery/publish?output={output.pk}")
    answer = ann_client.post("/gallery/publish", {"output": output.pk, "title": "Sea"})
    item = Item.objects.get()
    assert answer["Location"] == where(item)
    assert item.prompt == "", "the prompt is shown only where the box was ticked"
    read(visitor, where(item))


@pytest.mark.parametrize("output", ["theirs", "none", "", "\0", "x"])
def test_somebody_elses_picture_and_none_are_refused_alike(output, ann, bob_client, picture):
    names = {"theirs": str(picture(ann).pk), "none": str(uuid.uuid4())}
    sent = {"output": names.get(output, output)}
    assert bob_client.get("/gallery/publish", sent).status_code == 404
    assert bob_client.post("/gallery/publish", sent).status_code == 404
    assert not Item.objects.exists()


def test_publishing_needs_an_account_and_comes_back_to_the_form(visitor):
    answer = visitor.get("/gallery/publish?output=x")
    assert answer["Location"] == "/accounts/login/?next=/gallery/publish%3Foutput%3Dx"


def test_a_like_by_form_comes_back_to_the_item(ann, bob, bob_client, show):
    item = show(ann)
    assert bob_client.post(where(item, "like"), {"liked": "1"})["Location"] == where(item)
    assert 'aria-pressed="true"' in read(bob_client, where(item))
    bob_client.post(where(item, "like"), {"liked": "0"})
    assert Item.objects.get().count.likes == 0


def test_a_like_by_htmx_gets_the_new_button(ann, bob_client, show):
    item = show(ann, title="Sea")
    answer = bob_client.post(where(item, "like"), {"liked": "1", "large": "1"}, **HTMX)
    text = answer.content.decode()
    assert 'aria-pressed="true"' in text
    assert "like-l" in text
    assert "<span>1</span>" in text
    assert "<html" not in text


def test_a_like_without_an_account_leads_to_sign_in_and_back(ann, visitor, show):
    item = show(ann)
    login = f"/accounts/login/?next=%2Fgallery%2F{item.pk}"
    assert visitor.post(where(item, "like"))["Location"] == login
    assert visitor.post(where(item, "like"), **HTMX)["HX-Redirect"] == login
    assert f"/accounts/login/?next=/gallery/{item.pk}" in read(visitor, where(item))


def test_a_form_without_its_token_changes_nothing(ann, show):
    from django.test import Client

    item = show(ann)
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(ann, backend="django.contrib.auth.backends.ModelBackend")
    for act in ("like", "withdraw", "edit", "report"):
        assert strict.post(where(item, act), {"reason": "copy"}).status_code == 403
    item.refresh_from_db()
    assert item.is_public
    assert item.count.likes == 0


@pytest.mark.parametrize("act", ["like", "withdraw", "edit"])
def test_a_link_alone_changes_nothing(act, ann, ann_client, show):
    assert ann_client.get(where(show(ann), act)).status_code == 405


def test_anybody_may_report_once(ann, visitor, show):
    item = show(ann)
    read(visitor, where(item, "report"))
    for _ in range(2):
        answer = visitor.post(where(item, "report"), {"reason": "copy", "detail": "mine"})
        assert answer["Location"] == where(item)
    report = Report.objects.get()
    assert (report.item, report.reason, report.detail) == (item, "copy", "mine")


def test_a_report_needs_a_reason_from_the_list(ann, visitor, show):
    item = show(ann)
    assert visitor.post(where(item, "report"), {"reason": "dull"}).status_code == 400
    assert not Report.objects.exists()


def test_an_authors_page_shows_their_pictures_alone(visitor, ann, bob, show):
    bob.handle, bob.name = "bob", "Bob"
    bob.save()
    mine, other = show(bob), show(ann)
    text = read(visitor, "/u/bob")
    assert where(mine) in text
    assert where(other) not in text
    read(visitor, f"/u/maker-{ann.id.hex[:12]}")


@pytest.mark.parametrize("slug", ["nobody", "maker-000000000000", "maker-x", "-"])
def test_an_author_nobody_knows_is_not_found(visitor, db, slug):
    read(visitor, f"/u/{slug}", 404)


def test_a_banned_authors_page_is_gone(visitor, bob, show):
    bob.handle, bob.is_active = "bob", False
    bob.save()
    read(visitor, "/u/bob", 404)


def test_the_pages_hold_no_inline_code(ann, ann_client, show):
    item = show(ann)
    form = f"/gallery/publish?output={item.output_id}"
    for path in ("/gallery", where(item), where(item, "report"), form):
        text = read(ann_client, path)
        assert not re.search(r"<[^>]+\s(style|on\w+)=", text)
        assert "<script>" not in text


def test_deleting_a_picture_closes_its_page(ann, ann_client, visitor, show):
    item = show(ann)
    Output.objects.filter(pk=item.output_id).update(published=False, deleted_at=item.created_at)
    read(visitor, where(item), 404)
    read(ann_client, where(item), 404)


@pytest.fixture
def stored(ann, show):
    """A published picture of ann's whose file is in the store; its prompt is not shown."""
    item = show(ann, show_prompt=False, title="Sea")
    for name in ("g/00/0.png", "g/00/0-320.webp"):
        files.save(name, b"not looked at")
    return item


def test_a_published_files_name_does_not_tell_a_hidden_prompt(visitor, stored):
    answer = visitor.get(f"/p/{stored.output_id}?download")
    assert answer.status_code == 200
    assert "sea" in answer["Content-Disposition"].lower()
    assert "lighthouse" not in str(answer.headers)


def test_a_file_closes_when_its_picture_is_withdrawn_or_its_author_banned(visitor, ann, stored):
    where = f"/p/{stored.output_id}/320"
    assert visitor.get(where).status_code == 200
    ann.is_active = False
    ann.save()
    assert visitor.get(where).status_code == 404
    ann.is_active = True
    ann.save()
    assert visitor.get(where).status_code == 200
    showcase.withdraw(stored)
    assert visitor.get(where).status_code == 404
