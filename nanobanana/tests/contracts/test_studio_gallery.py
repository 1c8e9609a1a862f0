"""Contract C's gallery and what staff wrote: shown, narrowed, changed, liked, reported."""

import pytest
from django.test import Client

from accounts import keys
from accounts.models import User
from conftest import Api
from gallery import showcase
from gallery.models import Feature, Item, Like, Question, Report, Review
from gallery.tests.conftest import picture, show
from nanobanana.tests.contracts import hostile

__all__ = ["picture", "show"]
pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

GALLERY = "/api/gallery"
FIELDS = {
    "id", "title", "description", "image", "thumbnail", "width", "height", "prompt", "model",
    "author", "likes", "liked", "createdAt",
}  # fmt: skip


def ids(reply):
    """The ids of a list's items, in order."""
    return [item["id"] for item in reply.json()["items"]]


# Seeing -------------------------------------------------------------------------------------------


def test_anybody_sees_what_was_published_and_nothing_else_of_it(anonymous_api, show, ann, picture):
    item = show(ann, title="Light", description="At dusk")
    picture(ann)
    [shown] = anonymous_api.get(GALLERY).json()["items"]

    assert set(shown) - FIELDS == {"authorSlug", "isPublic"}
    assert (shown["id"], shown["title"], shown["model"]) == (str(item.pk), "Light", "nano-banana")
    assert (shown["likes"], shown["liked"]) == (0, False)
    assert shown["createdAt"].endswith("Z")
    assert "ann@example.com" not in str(shown)
    assert anonymous_api.get(f"{GALLERY}/{item.pk}/").json() == shown


def test_a_prompt_shows_only_where_its_author_says_so(anonymous_api, show, ann):
    show(ann, show_prompt=False)
    assert anonymous_api.get(GALLERY).json()["items"][0]["prompt"] is None


def test_it_is_sorted_narrowed_and_paged(anonymous_api, show, ann, bob, sam):
    ann.handle = "ann"
    ann.save()
    old, new = show(ann, title="An old fox"), show(bob, title="A new dog")
    showcase.like(sam, old)

    assert ids(anonymous_api.get(GALLERY)) == [str(new.pk), str(old.pk)]
    for sort in ("top", "trending"):
        assert ids(anonymous_api.get(f"{GALLERY}?sort={sort}"))[0] == str(old.pk)
    assert ids(anonymous_api.get(f"{GALLERY}?q=fox")) == [str(old.pk)]
    assert ids(anonymous_api.get(f"{GALLERY}?user=ann")) == [str(old.pk)]
    assert ids(anonymous_api.get(f"{GALLERY}?user=nobody")) == []
    assert ids(anonymous_api.get(f"{GALLERY}?model=gpt-image")) == []
    first = anonymous_api.get(f"{GALLERY}?limit=1")
    rest = anonymous_api.get("/" + first.json()["next"].split("/", 3)[3])
    assert ids(first) + ids(rest) == [str(new.pk), str(old.pk)]
    assert rest.json()["next"] is None


def test_any_number_of_items_takes_the_same_queries(
    anonymous_api, show, ann, django_assert_max_num_queries
):
    for _ in range(4):
        show(ann)
    with django_assert_max_num_queries(4):
        assert len(ids(anonymous_api.get(GALLERY))) == 4


@pytest.mark.parametrize(
    "query", ["sort=odd", "limit=0", "limit=x", "q=%00", "q=" + "x" * 300, "user=%00", "model=%00"]
)
def test_a_wish_that_is_none_is_400(anonymous_api, query):
    assert anonymous_api.get(f"{GALLERY}?{query}").status_code == 400


@pytest.mark.parametrize("item", ["1", "-1", "x", "%00", "7b0a0f5e-3c0f-4bb5-8a5e-5a1f9e0c1d11"])
def test_an_item_that_is_none_is_404_on_every_route(api, item):
    path = f"{GALLERY}/{item}"
    replies = [api.get(path), api.patch(path), api.delete(path)]
    replies += [api.put(f"{path}/like"), api.delete(f"{path}/like"), api.post(f"{path}/report")]
    assert {reply.status_code for reply in replies} == {404}


# Publishing ---------------------------------------------------------------------------------------


def test_an_owner_publishes_changes_and_takes_down(api, bob_api, picture, ann):
    output = picture(ann)
    made = api.post(GALLERY, {"imageId": str(output.pk), "title": "Dusk", "isPublic": True})
    path = f"{GALLERY}/{made.json()['id']}"
    assert (made.status_code, made.json()["prompt"]) == (201, None)

    changed = api.patch(path, {"description": "Calm", "showPrompt": True}).json()
    assert (changed["title"], changed["description"]) == ("Dusk", "Calm")
    assert changed["prompt"] == output.generation.prompt
    assert api.patch(path, {"isPublic": False}).json()["isPublic"] is False
    assert bob_api.get(path).status_code == 404
    assert api.get(path).json()["isPublic"] is False
    assert api.patch(path, {"isPublic": True}).json()["isPublic"] is True
    assert bob_api.get(path).json()["title"] == "Dusk"
    assert api.delete(path).status_code == 204
    assert api.delete(path).status_code == 204
    assert bob_api.get(path).status_code == 404


def test_it_may_be_kept_private_from_the_start(api, anonymous_api, picture, ann):
    body = {"imageId": str(picture(ann).pk), "isPublic": False}
    made = api.post(GALLERY, body).json()
    assert made["isPublic"] is False
    assert ids(anonymous_api.get(GALLERY)) == []


def test_a_stranger_publishes_changes_and_takes_down_nothing(bob_api, show, picture, ann):
    item = show(ann, title="Light")
    body = {"imageId": str(picture(ann).pk), "isPublic": True}
    path = f"{GALLERY}/{item.pk}"
    replies = [bob_api.post(GALLERY, body), bob_api.delete(path)]
    replies.append(bob_api.patch(path, {"title": "Mine"}))
    assert {reply.status_code for reply in replies} == {404}
    assert Item.objects.get().title == "Light"
    assert Item.objects.public().count() == 1


def test_nobody_publishes_and_a_reading_key_neither(anonymous_api, show, picture, ann):
    item, output = show(ann), picture(ann)
    reader = Api(keys.issue(ann, scopes=["read"])[1])
    body = {"imageId": str(output.pk), "isPublic": True}
    path = f"{GALLERY}/{item.pk}"
    for who, status in ((anonymous_api, 401), (reader, 403)):
        replies = [who.post(GALLERY, body), who.patch(path, {}), who.delete(path)]
        replies += [who.put(f"{path}/like"), who.delete(f"{path}/like")]
        assert {reply.status_code for reply in replies} == {status}
    assert Item.objects.count() == 1


def test_what_staff_hid_stays_hidden(api, show, ann):
    item = show(ann)
    showcase.hide(item)
    assert api.patch(f"{GALLERY}/{item.pk}", {"title": "Better"}).status_code == 200
    showcase.withdraw(item)
    reply = api.patch(f"{GALLERY}/{item.pk}", {"isPublic": True})
    assert (reply.status_code, reply.json()["code"]) == (409, "conflict")
    body = {"imageId": str(item.output_id), "isPublic": True}
    assert api.post(GALLERY, body).status_code == 409


BAD_WORDS = hostile.named(
    title=(5, True, [], {}, "x" * 121, "\x00"),
    description=(5, True, [], {}, "x" * 501),
    isPublic=(5, "yes", "true", [], {}, 0, 1),
    showPrompt=(5, "yes", [], {}),
)


@pytest.mark.parametrize(("name", "value"), BAD_WORDS)
def test_bad_words_are_named_and_change_nothing(api, show, picture, ann, name, value):
    item, output = show(ann, title="Light"), picture(ann)
    body = {"imageId": str(output.pk), "isPublic": True, name: value}
    for reply in (api.patch(f"{GALLERY}/{item.pk}", {name: value}), api.post(GALLERY, body)):
        assert (reply.status_code, reply.json()["error"]["param"]) == (400, name)
    assert Item.objects.get().title == "Light"


@pytest.mark.parametrize("body", [{}, {"imageId": None}, {"imageId": 5}, {"imageId": "x" * 99}])
def test_publishing_needs_an_image_and_a_word_on_who_sees_it(api, body):
    assert api.post(GALLERY, {"isPublic": True} | body).status_code == 400
    assert api.post(GALLERY, {"imageId": "x"}).json()["error"]["param"] == "isPublic"


def test_fields_of_nobodys_business_change_nothing(api, show, ann, bob):
    item = show(ann)
    api.patch(f"{GALLERY}/{item.pk}", {"likes": 99, "author": str(bob.pk), "hiddenByStaff": True})
    found = Item.objects.for_cards().get()
    assert (found.author, found.count.likes, found.hidden_by_staff) == (ann, 0, False)


# Liking and reporting -----------------------------------------------------------------------------


def test_a_like_counts_once_and_can_be_taken_back(bob_api, show, ann):
    path = f"{GALLERY}/{show(ann).pk}"
    for _ in range(2):
        assert bob_api.put(f"{path}/like").json() == {"liked": True, "likes": 1}
    assert bob_api.get(path).json()["liked"] is True
    for _ in range(2):
        assert bob_api.delete(f"{path}/like").json() == {"liked": False, "likes": 0}
    assert not Like.objects.exists()


def test_what_is_not_public_cannot_be_liked_or_reported(bob_api, show, ann):
    item = show(ann, is_public=False)
    assert bob_api.put(f"{GALLERY}/{item.pk}/like").status_code == 404
    assert bob_api.post(f"{GALLERY}/{item.pk}/report").status_code == 404


def test_likes_of_one_person_are_limited(bob_api, show, ann, settings):
    settings.ACCOUNT_RATE_LIMITS = {"like": "2/h/user"}
    path = f"{GALLERY}/{show(ann).pk}/like"
    assert [bob_api.put(path).status_code for _ in range(3)] == [200, 200, 429]


def test_anybody_reports_and_one_report_a_person_is_open(bob_api, visitor, show, ann):
    path = f"{GALLERY}/{show(ann).pk}/report"
    assert bob_api.post(path, {"reason": "copy", "detail": "Mine"}).status_code == 201
    assert bob_api.post(path, {"reason": "copy"}).status_code == 200
    assert visitor.post(path, "{}", "application/json").json() == {"reported": True}
    assert sorted(Report.objects.values_list("reason", flat=True)) == ["copy", "other"]


@pytest.mark.parametrize("body", [{"reason": "odd"}, {"reason": 5}, {"detail": []}])
def test_a_report_that_is_none_is_400(bob_api, show, ann, body):
    assert bob_api.post(f"{GALLERY}/{show(ann).pk}/report", body).status_code == 400
    assert not Report.objects.exists()


def test_reports_from_one_address_are_limited_whoever_it_says_it_is(show, ann, settings):
    settings.ACCOUNT_RATE_LIMITS = {"report": "2/h/ip"}
    path = f"{GALLERY}/{show(ann).pk}/report"
    claims = [{"X-Forwarded-For": f"6.6.6.{n}"} for n in range(3)]
    replies = [Client().post(path, "{}", "application/json", headers=claim) for claim in claims]
    assert [reply.status_code for reply in replies] == [201, 201, 429]


# What staff wrote ---------------------------------------------------------------------------------


def test_features_reviews_and_faqs_are_what_staff_let_show(anonymous_api, db):
    for model in (Feature, Review, Question):
        model.objects.all().delete()
    Feature.objects.create(title="Fast", text="In seconds")
    Feature.objects.create(title="Off", text="x", enabled=False)
    Review.objects.create(name="Mira", text="Good", approved=True)
    Review.objects.create(name="Nobody", text="Hidden")
    Question.objects.create(question="How?", answer="So.")
    Question.objects.create(question="Off?", answer="x", enabled=False)

    [feature] = anonymous_api.get("/api/features").json()["features"]
    [review] = anonymous_api.get("/api/reviews/").json()["reviews"]
    [faq] = anonymous_api.get("/api/faqs").json()["faqs"]
    assert (feature["title"], feature["description"]) == ("Fast", "In seconds")
    assert (review["name"], review["text"], review["rating"]) == ("Mira", "Good", 5)
    assert (faq["question"], faq["answer"]) == ("How?", "So.")


def test_a_banned_authors_items_are_gone(anonymous_api, show, ann):
    item = show(ann)
    User.objects.update(is_active=False)
    assert anonymous_api.get(f"{GALLERY}/{item.pk}").status_code == 404
