"""Contract B's lists, its health and the accounts for staff."""

import pytest

from accounts import keys
from conftest import Api
from generator import engine
from generator.providers.base import Failed

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

GENERATE = "/api/v1/images/generate"
SUNSET = "a beautiful sunset over mountains"


# Lists --------------------------------------------------------------------------------------------


@pytest.fixture
def three(api):
    """Three finished pictures of ann's; their replies, oldest first."""
    sizes = ("512x512", "768x768", "1024x1024")
    return [api.post(GENERATE, {"prompt": SUNSET, "imageSize": size}).json() for size in sizes]


def test_images_are_listed_newest_first_with_their_cost(api, three, bob_api):
    body = api.get("/api/v1/images?limit=2").json()
    rest = api.get("/api/v1/images/?limit=2&offset=2").json()

    assert [one["promptId"] for one in body["images"] + rest["images"]] == [
        one["promptId"] for one in reversed(three)
    ]
    assert set(body["images"][0]) == {
        "promptId", "prompt", "imageId", "url", "thumbnailUrl", "cost", "durationMs", "createdAt",
    }  # fmt: skip
    assert [one["cost"] for one in body["images"]] == [0.0125, 0.0075]
    assert body["summary"] == {"totalCost": 0.025, "totalGenerated": 3}
    assert body["pagination"] == {"limit": 2, "offset": 0, "total": 3}
    assert body["next"].endswith("/api/v1/images?limit=2&offset=2")
    assert rest["next"] is None
    assert bob_api.get("/api/v1/images").json()["pagination"]["total"] == 0


def test_prompts_tell_every_state_in_their_own_words(api, ann, stage):
    api.post(GENERATE, {"prompt": SUNSET, "model": "scripted"})
    stage.first.start = [Failed("It broke.")]
    api.post(GENERATE, {"prompt": SUNSET, "model": "scripted"})
    engine.cancel(stage.submit(ann))
    pending = stage.submit(ann)
    body = api.get("/api/v1/prompts").json()

    told = [(one["status"], bool(one["errorMessage"])) for one in body["prompts"]]
    assert told == [("PENDING", False), ("FAILED", True), ("FAILED", True), ("COMPLETED", False)]
    assert body["prompts"][0]["id"] == str(pending.pk)
    assert body["prompts"][1]["errorMessage"] == "Canceled"
    assert body["pagination"] == {"limit": 50, "offset": 0, "total": 4}
    last = body["prompts"][-1]
    assert set(last) == {
        "id", "prompt", "taskType", "imageSize", "status", "cost", "durationMs", "errorMessage",
        "createdAt",
    }  # fmt: skip
    assert (last["taskType"], last["imageSize"]) == ("TEXT_TO_IMAGE", "64x64")
    assert last["createdAt"].endswith("Z")


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=-1", "limit=x", "limit=%00", "limit=1.5", "offset=-1", "offset=x"]
)
@pytest.mark.parametrize("path", ["/api/v1/images", "/api/v1/prompts"])
def test_a_page_that_is_none_is_400(api, path, query):
    assert api.get(f"{path}?{query}").status_code == 400


def test_a_page_far_away_is_empty(api, three):
    reply = api.get(f"/api/v1/images?limit=1000&offset={10**30}").json()
    assert (reply["images"], reply["pagination"]["limit"]) == ([], 100)


def test_any_number_of_images_takes_the_same_queries(api, three, django_assert_max_num_queries):
    with django_assert_max_num_queries(9):
        api.get("/api/v1/images")


# Health and staff ---------------------------------------------------------------------------------


def test_health_is_open_and_touches_no_database(anonymous_api, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert anonymous_api.get("/api/v1/health").json() == {"status": "healthy"}


def test_staff_see_the_accounts_and_nobody_else_knows_the_page(
    sam_client, ann, api, bob_client, anonymous_api, three
):
    body = sam_client.get("/api/v1/debug/users?limit=50").json()
    row = next(one for one in body["users"] if one["email"] == "ann@example.com")
    assert (row["id"], row["plan"], row["balance"]) == (str(ann.pk), "free", 955)
    assert (row["generations"], row["keys"]) == (3, 1)
    assert body["pagination"]["total"] == 3
    for other in (api, bob_client, anonymous_api):
        assert other.get("/api/v1/debug/users").status_code == 404


def test_a_key_of_staff_sees_accounts_only_if_it_may_manage(sam):
    path = "/api/v1/debug/users"
    assert Api(keys.issue(sam)[1]).get(path).status_code == 404
    assert Api(keys.issue(sam, scopes=["read", "manage"])[1]).get(path).status_code == 200
