"""How providers are found and switched on."""

from __future__ import annotations

import subprocess
import sys

import pytest

from generator.providers import configure, discover
from generator.providers.base import Provider
from generator.providers.kie import Kie
from generator.simulators import SIMULATORS
from generator.tests.providers.cases import SUBJECTS


def test_every_provider_is_found_by_its_slug():
    found = discover()
    assert found["kie"] is Kie
    assert all(cls.slug == slug and cls.label for slug, cls in found.items())


def test_every_provider_with_a_simulator_stands_in_the_table_of_cases():
    assert set(SUBJECTS) == set(SIMULATORS)


def test_a_provider_without_its_key_is_off():
    assert configure({}) == {}
    assert configure({"NANO_BANANA_API_KEY": "  "}) == {}


def test_a_key_alone_switches_kie_on_with_its_usual_addresses():
    kie = configure({"NANO_BANANA_API_KEY": "k", "NANO_BANANA_API_URL": ""})["kie"]
    assert kie.config == {
        "key": "k",
        "url": "https://api.kie.ai/api/v1/playground",
        "upload_url": "https://kieai.redpandaai.co",
        "hmac_key": "",
    }


def test_an_excluded_provider_is_not_configured():
    assert configure({"NANO_BANANA_API_KEY": "k"}, exclude=("demo", "kie")) == {}


def test_a_slash_at_the_end_of_an_address_changes_nothing():
    environ = {"NANO_BANANA_API_KEY": "k", "NANO_BANANA_API_URL": "http://127.0.0.1:9/api/v1/jobs/"}
    assert configure(environ)["kie"].config["url"] == "http://127.0.0.1:9/api/v1/jobs"


@pytest.mark.parametrize("key", ["two\nlines", "ключ", "tab\there"])
def test_a_key_that_cannot_be_sent_is_named_at_the_start_but_not_shown(key):
    with pytest.raises(ValueError, match="NANO_BANANA_API_KEY") as caught:
        configure({"NANO_BANANA_API_KEY": key})
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["api.kie.ai/api", "ftp://kie.test/", "https://", "https://me:secret@kie.test/", "http://a/?b"],
)
def test_an_address_that_cannot_be_right_is_named_at_the_start(url):
    with pytest.raises(ValueError, match="NANO_BANANA_API_URL") as caught:
        configure({"NANO_BANANA_API_KEY": "k", "NANO_BANANA_API_URL": url})
    assert "secret" not in str(caught.value)


def test_two_providers_of_one_name_are_an_error(monkeypatch):
    class Twin(Provider):
        slug = "kie"

    Twin.__module__ = "generator.providers.kie"
    monkeypatch.setattr("generator.providers.kie.Twin", Twin, raising=False)
    with pytest.raises(ValueError, match="two providers are called kie"):
        discover()


def test_neither_adapters_nor_simulators_need_django():
    code = (
        "import sys, generator.providers.kie, generator.simulators; print('django' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
