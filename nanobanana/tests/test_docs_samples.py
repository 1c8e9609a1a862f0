"""Every sample of the guide runs as it stands, against a running server, and does what it says."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
import sys

import httpx
import pytest
from django.urls import Resolver404, resolve
from PIL import Image

from accounts import keys
from billing.ledger import wallet_of
from generator.models import Generation, Upload
from generator.tests.harness.stage import lift
from nanobanana.templatetags.samples import FOLDER
from nanobanana.tests.contracts import running

PROGRAMS = {
    "curl": ["bash", "-euo", "pipefail"],
    "python": [sys.executable],
    "javascript": ["node", "--input-type=module", "-"],
}
NEEDS = {"curl": ("bash", "curl", "jq"), "python": (), "javascript": ("node",)}
SAMPLES = sorted(path.name for path in FOLDER.iterdir())
BLOCK = re.compile(r'<pre [^>]*?(?:data-sample|id)="([\w.]+)"[^>]*><code>(.*?)</code></pre>', re.S)
MAKES = {
    "quick": 1, "quote": 0, "models": 0, "poll": 1, "events": 1, "once": 1, "errors": 0,
    "upload": 1, "signed": 0, "openai": 1, "gemini": 1, "originals": 3,
}  # fmt: skip
"""How many generations each sample leaves."""
SAYS = {
    "quick": r"/f/[\w-]+\?t=", "quote": r'"credits":\s*80\b', "models": '"nano-banana"',
    "poll": "completed", "events": "completed", "once": r"gen_\w{32}", "upload": r"/f/[\w-]+\?t=",
    "errors": r"price_above_max .*80.* req_", "signed": '"status": ?"success"',
    "openai": r"/f/[\w-]+\?t=", "gemini": "image/png", "originals": '"promptId"',
}  # fmt: skip
"""What each sample prints, among other things."""
WRITES = {"openai.python": "lighthouse.png", "gemini.python": "lighthouse.png"}
"""These print nothing and leave a picture."""


def blocks(page: str) -> dict[str, str]:
    """The code blocks of a page by their names, as a reader copies them."""
    found = BLOCK.findall(page)
    assert len(found) == page.count("<pre")
    return {name: html.unescape(re.sub(r"</?span[^>]*>", "", code)) for name, code in found}


@pytest.fixture
def site(transactional_db):
    with running.site() as site:
        yield site


@pytest.fixture
def run(site, ann, tmp_path):
    """Runs a block of the guide, in a folder with a photo, with the two variables set."""
    lift(ann)
    Image.new("RGB", (96, 64), "#d04020").save(tmp_path / "photo.jpg")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    environment = kept | {"NANOBANANA_URL": site.url, "NANOBANANA_KEY": keys.issue(ann)[1]}
    shown = blocks(httpx.get(f"{site.url}/docs", trust_env=False).text)

    def start(name: str) -> str:
        done = subprocess.run(
            PROGRAMS[name.split(".")[1]], input=shown[name],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stderr == ""
        return done.stdout

    return start


@pytest.mark.slow
@pytest.mark.contracts
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_runs_as_it_stands_and_does_what_it_says(name, run, ann, tmp_path):
    stem, kind = name.split(".")
    missing = [program for program in NEEDS[kind] if shutil.which(program) is None]
    if missing:
        pytest.skip(f"{name} needs {', '.join(missing)}")
    said = run(name)
    if name in WRITES:
        assert said == ""
        Image.open(tmp_path / WRITES[name]).verify()
    else:
        assert re.search(SAYS[stem], said, re.DOTALL), said
    assert Generation.objects.count() == MAKES[stem]
    assert wallet_of(ann).balance == 1000 - sum(one.price for one in Generation.objects.all())


@pytest.mark.slow
@pytest.mark.contracts
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("stem", ["upload", "signed"])
def test_an_uploaded_photo_is_kept_once(stem, run):
    if shutil.which("curl") is None or shutil.which("jq") is None:
        pytest.skip(f"{stem}.curl needs curl and jq")
    run(f"{stem}.curl")
    assert Upload.objects.get().width == 96


@pytest.mark.django_db
def test_every_block_of_the_guide_is_a_sample_or_told_to_be_none(visitor):
    guide = blocks(visitor.get("/docs").content.decode())
    assert set(guide) == {*SAMPLES, "setup", "rs"}
    assert re.findall(r"^export (\w+)=", guide["setup"], re.M) == [
        "NANOBANANA_URL",
        "NANOBANANA_KEY",
    ]
    assert set(blocks(visitor.get("/docs/errors").content.decode())) == {"er"}


@pytest.mark.django_db
def test_the_shown_replies_have_the_shape_of_real_ones(visitor, api):
    guide = blocks(visitor.get("/docs").content.decode())
    errors = blocks(visitor.get("/docs/errors").content.decode())
    order = {"prompt": "A cute banana wearing sunglasses", "model": "demo", "size": "512x512"}
    real = api.post("/v1/generate", order).json()
    assert set(json.loads(guide["rs"])) <= set(real)
    refused = api.post("/v1/generate", {}).json()
    assert set(json.loads(errors["er"])) <= set(refused)
    assert set(json.loads(errors["er"])["error"]) <= set(refused["error"])


@pytest.mark.django_db
def test_every_address_the_guide_names_exists(visitor):
    page = visitor.get("/docs").content.decode()
    named = set(re.findall(r"(?<![\w.])(/(?:v1|v1beta|api)/[\w/{}:.$-]*)", html.unescape(page)))
    assert len(named) > 12
    for path in named:
        concrete = re.sub(r"\$?\{[\w.]+\}|\$\w+|/$", "/x", path).replace("//", "/").rstrip(".")
        try:
            resolve(concrete)
        except Resolver404:
            pytest.fail(f"{path} is no address")


def test_every_word_of_what_is_expected_belongs_to_a_sample():
    stems = {name.split(".")[0] for name in SAMPLES}
    assert stems == set(MAKES) == set(SAYS)
