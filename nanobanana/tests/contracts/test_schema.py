"""The description is valid, names every route of `/v1`, and is kept by what answers."""

from __future__ import annotations

import functools
import os
from typing import Any, cast

import jsonschema  # type: ignore[import-untyped]
import pytest
import schemathesis
import yaml
from django.core import signals
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, Verbosity, given, settings
from schemathesis.specs.openapi import checks

from nanobanana.api import developer
from nanobanana.api.errors import CODES
from nanobanana.wsgi import application

pytestmark = [pytest.mark.django_db, pytest.mark.contracts]

EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "50"))
GROUP_A = (
    "/v1/generate", "/v1/quote", "/v1/generations", "/v1/generations/{generation_id}",
    "/v1/generations/{generation_id}/cancel", "/v1/account", "/v1/ledger", "/v1/usage",
    "/v1/files/{file_id}", "/health", "/health/ready",
)  # fmt: skip
"""What is called with made-up requests. Sign-up and sign-in are counted by address; others' groups
have tests of their own."""


@functools.cache
def described() -> dict[str, Any]:
    from conftest import Api

    reply = Api("").get("/api/schema")
    assert reply.status_code == 200
    return dict(yaml.safe_load(reply.content))


def test_it_is_a_valid_description_of_this_version(db):
    found = described()
    assert found["openapi"].startswith("3.1")
    for name, schema in found["components"]["schemas"].items():
        jsonschema.Draft202012Validator.check_schema(schema)
        assert name
    operations = [
        operation["operationId"] for item in found["paths"].values() for operation in item.values()
    ]
    assert len(operations) == len(set(operations))


def test_every_route_of_v1_is_named(db):
    resolved = {
        "/" + str(pattern.pattern).replace("<str:", "{").replace("<uuid:", "{").replace(">", "}")
        for pattern in developer.urlpatterns
    }
    assert resolved <= set(described()["paths"])


def test_every_error_is_described(db):
    found = described()
    problem = found["components"]["schemas"]["Problem"]
    assert set(problem["properties"]["code"]["enum"]) == set(CODES)
    for item in found["paths"].values():
        for operation in item.values():
            assert "default" in operation["responses"]


@functools.cache
def operations() -> list[Any]:
    schema = schemathesis.openapi.from_dict(described())
    schema.app = application
    found = [cast(Any, result).ok() for result in schema.get_all_operations()]
    return [operation for operation in found if operation.path in GROUP_A]


@pytest.fixture
def one_connection():
    """The WSGI handler leaves the test's own connection open."""
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)


@pytest.mark.slow
@pytest.mark.usefixtures("one_connection")
@pytest.mark.parametrize("credential", ["key", "none"])
def test_made_up_requests_get_what_is_described(request, db, credential):
    key = request.getfixturevalue("ann_key") if credential == "key" else ""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    assert len(operations()) >= len(GROUP_A)
    for operation in operations():
        _try(operation, headers)


def _try(operation: Any, headers: dict[str, str]) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def one(case: Any) -> None:
        case.headers = {**(case.headers or {}), "Prefer": "respond-async"} | headers
        response = case.call()
        case.validate_response(response, checks=CHECKS)

    one()


CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.response_schema_conformance,
    checks.content_type_conformance,
    checks.status_code_conformance,
]
