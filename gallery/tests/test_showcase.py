"""What is shown, and to whom: publishing, withdrawing, hiding, reporting."""

from __future__ import annotations

import pytest
from django.utils import timezone

from accounts.models import Visitor
from accounts.owner import Owner
from gallery import showcase
from gallery.models import Item, Report
from gallery.tasks import publish_wanted
from generator.models import Generation, Output


def _open(item):
    """Whether anybody may see the item and read its file."""
    file_open = Output.objects.get(pk=item.output_id).published
    listed = Item.objects.public().filter(pk=item.pk).exists()
    assert file_open == listed, "page and file must agree"
    return listed


def test_a_published_picture_is_open_to_anybody(ann, show):
    item = show(ann)
    assert _open(item)
    assert (item.author, item.model, item.width, item.height) == (ann, "nano-banana", 1280, 896)
    assert item.count.likes == 0


def test_somebody_elses_picture_cannot_be_published(ann, bob, picture):
    output = picture(ann)
    with pytest.raises(showcase.NotYours):
        showcase.publish(Owner(user=bob), output)
    assert not Output.objects.get(pk=output.pk).published
    assert not Item.objects.exists()


@pytest.mark.parametrize("state", ["waiting", "run", "failed", "canceled"])
def test_a_picture_that_is_not_finished_cannot_be_published(ann, picture, state):
    output = picture(ann, state=state)
    with pytest.raises(showcase.NotPublishable, match="finished"):
        showcase.publish(Owner(user=ann), output)
    assert not Item.objects.exists()


def test_a_deleted_picture_cannot_be_published(ann, picture):
    gone = picture(ann, deleted_at=timezone.now())
    with pytest.raises(showcase.NotYours):
        showcase.publish(Owner(user=ann), gone)


def test_a_picture_of_a_deleted_generation_cannot_be_published(ann, picture):
    output = picture(ann)
    Generation.objects.update(deleted_at=timezone.now())
    with pytest.raises(showcase.NotYours):
        showcase.publish(Owner(user=ann), output)


def test_a_visitor_is_told_to_sign_up_before_publishing(ann, picture):
    visitor = Visitor.objects.create()
    output = picture(ann)
    Generation.objects.update(user=None, visitor=visitor)
    with pytest.raises(showcase.NotPublishable, match="Sign up"):
        showcase.publish(Owner(visitor=visitor), output)


def test_the_prompt_is_shown_only_when_its_author_says_so(ann, show):
    item = show(ann, show_prompt=False)
    assert item.prompt == ""
    assert item.title == "", "a title made from the prompt would tell it"
    assert show(ann, show_prompt=True).prompt == "a lighthouse at dusk, calm sea"


@pytest.mark.parametrize(
    ("prompt", "title"),
    [
        ("a lighthouse at dusk, calm sea, 8k", "A lighthouse at dusk"),
        ("cat, dog", "Cat, dog"),
        ("  two\n lines  ", "Two lines"),
        ("word " * 40, ("Word " + "word " * 11).strip() + "…"),
        ("", ""),
    ],
)
def test_a_title_is_the_beginning_of_the_prompt(prompt, title):
    assert showcase.title_from(prompt) == title
    assert len(title) <= 61


def test_publishing_twice_keeps_one_item_with_its_likes_and_the_newer_words(ann, bob, show):
    first = show(ann, title="One")
    showcase.like(bob, first)
    second = show(ann, output=first.output, title="Two")
    assert second.pk == first.pk
    assert (second.title, second.count.likes) == ("Two", 1)


def test_a_picture_may_be_kept_private_from_the_start(ann, show):
    assert not _open(show(ann, is_public=False))


def test_a_withdrawn_picture_closes_at_once_and_comes_back_with_its_likes(ann, bob, show):
    item = show(ann)
    showcase.like(bob, item)
    showcase.withdraw(item)
    assert not _open(item)
    again = show(ann, output=item.output)
    assert _open(again)
    assert again.count.likes == 1


def test_deleting_a_picture_takes_it_out_of_the_gallery(ann, show):
    item = show(ann)
    Output.objects.filter(pk=item.output_id).update(deleted_at=timezone.now(), published=False)
    assert not _open(item)
    assert not Item.objects.seen_by(ann).exists(), "a deleted picture is gone for its author too"


def test_a_banned_authors_pictures_leave_the_gallery(ann, show):
    item = show(ann)
    ann.is_active = False
    ann.save()
    assert not Item.objects.public().filter(pk=item.pk).exists()


def test_what_staff_hide_its_author_cannot_publish_again(ann, show):
    item = show(ann)
    showcase.hide(item)
    assert not _open(item)
    with pytest.raises(showcase.NotPublishable, match="staff"):
        show(ann, output=item.output)
    assert not _open(item)


def test_what_staff_put_back_shows_again_unless_its_author_withdrew_it(ann, show):
    item, withdrawn = show(ann), show(ann)
    for one in (item, withdrawn):
        showcase.hide(one)
    showcase.withdraw(withdrawn)
    for one in (item, withdrawn):
        showcase.unhide(one)
    assert _open(item)
    assert not _open(withdrawn)


def test_putting_back_never_opens_the_file_of_a_deleted_picture(ann, show):
    item = show(ann)
    showcase.hide(item)
    Output.objects.filter(pk=item.output_id).update(deleted_at=timezone.now())
    showcase.unhide(item)
    assert not Output.objects.get(pk=item.output_id).published


def test_new_words_replace_the_old_ones(ann, show):
    item = show(ann, title="One")
    showcase.change(item, title="  Two ", description="Sea", show_prompt=False)
    item.refresh_from_db()
    assert (item.title, item.description, item.prompt) == ("Two", "Sea", "")
    showcase.change(item, title="", description="", show_prompt=True)
    item.refresh_from_db()
    assert (item.title, item.prompt) == ("A lighthouse at dusk", "a lighthouse at dusk, calm sea")


def test_one_person_has_one_open_report_on_an_item(ann, bob, show):
    item = show(ann)
    assert showcase.report(Owner(user=bob), item, "copy", "mine")
    assert not showcase.report(Owner(user=bob), item, "other")
    assert showcase.report(Owner(user=ann), item, "other")
    assert Report.objects.count() == 2


def test_hiding_settles_the_reports_so_that_a_new_one_may_come(ann, bob, show):
    item = show(ann)
    showcase.report(Owner(user=bob), item, "copy")
    showcase.hide(item)
    assert not Report.objects.filter(closed_at=None).exists()
    assert showcase.report(Owner(user=bob), item, "copy")


def test_a_flood_of_reports_on_one_item_stops_at_its_limit(ann, show, monkeypatch):
    monkeypatch.setattr(showcase, "OPEN_REPORTS", 2)
    item = show(ann)
    told = [
        showcase.report(Owner(visitor=Visitor.objects.create()), item, "other") for _ in range(3)
    ]
    assert told == [True, True, False]


def test_what_was_promised_to_be_public_is_published_when_it_is_done(ann, picture):
    done = picture(ann, public=True)
    picture(ann, public=True, state="run")
    picture(ann)
    assert publish_wanted() == 1
    assert _open(Item.objects.get(output=done))
    assert publish_wanted() == 0


def test_a_promised_picture_that_was_withdrawn_stays_withdrawn(ann, picture):
    picture(ann, public=True)
    publish_wanted()
    item = Item.objects.get()
    showcase.withdraw(item)
    publish_wanted()
    assert not _open(item)
