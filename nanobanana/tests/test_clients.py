"""The client libraries, installed as a user gets them, against a running server."""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from accounts import keys
from billing.ledger import wallet_of
from generator.models import Generation
from generator.tests.harness.stage import lift
from nanobanana.tests.contracts import running

pytestmark = [pytest.mark.slow, pytest.mark.contracts, pytest.mark.django_db(transaction=True)]
CLIENTS = Path(__file__).resolve().parent.parent.parent / "clients"

SYNC = """
import json, pathlib, nanobanana_client
from nanobanana_client import NanoBanana, NanoBananaError

with NanoBanana() as client:
    said = {"made": client.generate("a fox", model="demo", size="512x512", n=2).raw["n"]}
    picture = client.upload(pathlib.Path("photo.png").read_bytes())
    order = client.submit("the same in ink", images=[picture])
    said["first"] = order.status
    said["events"] = [event.status for event in client.events(order.id)][-1]
    said["url"] = client.wait(order.id).url
    for _ in range(2):
        client.generate("once", model="demo", size="512x512", idempotency_key="k1")
    try:
        client.generate(" ")
    except NanoBananaError as error:
        said["refused"] = [error.status, error.code, error.request_id[:4]]
    try:
        client.cancel(order.id)
    except NanoBananaError as error:
        said["late"] = [error.status, error.code, error.request_id[:4]]
said["file"] = nanobanana_client.__file__
print(json.dumps(said))
"""
ASYNC = """
import asyncio, json, pathlib, nanobanana_client
from nanobanana_client import AsyncNanoBanana, NanoBananaError

async def main(said):
    async with AsyncNanoBanana() as client:
        said["made"] = (await client.generate("a fox", model="demo", size="512x512", n=2)).raw["n"]
        picture = await client.upload(pathlib.Path("photo.png").read_bytes())
        order = await client.submit("the same in ink", images=[picture])
        said["first"] = order.status
        said["events"] = [event.status async for event in client.events(order.id)][-1]
        said["url"] = (await client.wait(order.id)).url
        once = dict(model="demo", size="512x512", idempotency_key="k1")
        await asyncio.gather(client.generate("once", **once), client.generate("once", **once))
        try:
            await client.generate(" ")
        except NanoBananaError as error:
            said["refused"] = [error.status, error.code, error.request_id[:4]]
        try:
            await client.cancel(order.id)
        except NanoBananaError as error:
            said["late"] = [error.status, error.code, error.request_id[:4]]

said = {"file": nanobanana_client.__file__}
asyncio.run(main(said))
print(json.dumps(said))
"""
NODE = """
import { readFile } from "node:fs/promises";
import {
  NanoBanana, NanoBananaError, configure, generateWithNanoBanana,
  generateWithNanoBananaImageToImage,
} from "nanobanana-client";

const client = new NanoBanana();
const small = { model: "demo", size: "512x512" };
const said = { made: (await client.generate("a fox", { ...small, n: 2 })).n };
const photo = await readFile("photo.png");
const order = await client.submit("the same in ink", { images: [await client.upload(photo)] });
said.first = order.status;
for await (const event of client.events(order.id)) said.events = event.status;
said.url = (await client.wait(order.id)).url;
for (let i = 0; i < 2; i += 1) await client.generate("once", { ...small, idempotencyKey: "k1" });
const told = (error) => [error.status, error.code, error.requestId.slice(0, 4)];
said.refused = await client.generate(" ").catch(told);
said.late = await client.cancel(order.id).catch(told);
said.kind = await client.generate(" ").catch((error) => error instanceof NanoBananaError);
configure({ apiKey: process.env.NANOBANANA_KEY, baseUrl: process.env.NANOBANANA_URL + "/" });
const drawn = await generateWithNanoBanana("A sunset over mountains", "realistic", "16:9");
const anime = await generateWithNanoBananaImageToImage(
  photo.toString("base64"), "Transform into anime style", "anime", "1:1",
);
said.editor = [drawn.success, anime.success, anime.metadata.mode];
console.log(JSON.stringify(said));
"""


@pytest.fixture
def said(transactional_db, ann, tmp_path):
    """Runs a program in a folder with a photo, as one who set the two variables; what it prints."""
    lift(ann)
    (tmp_path / "photo.png").write_bytes(running.png())
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    with running.site() as site:
        named = {"NANOBANANA_URL": site.url, "NANOBANANA_KEY": keys.issue(ann)[1]}

        def start(command: list[str], **more: str) -> dict:
            done = ran(command, tmp_path, kept | named | more)
            return json.loads(done.stdout)

        yield start


def ran(
    command: list[str], folder: Path, environment: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """The command, ended well."""
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=180
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder with the Python client, installed from its wheel (where one can be built)."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(CLIENTS / "python", folder / "source")
    if importlib.util.find_spec("setuptools") is None:
        package = folder / "source" / "nanobanana_client"
        shutil.copytree(package, folder / "site" / package.name)
        return folder / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    ran([*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", ".", "./source"], folder)
    [wheel] = folder.glob("*.whl")
    ran([*pip, "install", "--no-deps", "--no-index", "--target", "site", wheel.name], folder)
    return folder / "site"


def promises(found: dict, ann) -> None:
    """What both languages did."""
    assert found["made"] == 2
    assert found["first"] in ("pending", "processing", "completed")
    assert found["events"] == "completed"
    assert "/f/" in found["url"]
    assert found["refused"] == [400, "invalid_prompt", "req_"]
    assert found["late"] == [409, "not_cancelable", "req_"]
    made = Generation.objects.all()
    assert made.filter(prompt="once").count() == 1
    assert wallet_of(ann).balance == 1000 - sum(one.price for one in made)


@pytest.mark.parametrize("program", [SYNC, ASYNC], ids=["sync", "async"])
def test_the_python_client_does_what_it_says_from_its_wheel(program, said, installed, ann):
    found = said([sys.executable, "-c", program], PYTHONPATH=str(installed))
    assert found["file"].startswith(str(installed))
    assert (installed / "nanobanana_client" / "py.typed").exists()
    promises(found, ann)


def test_the_javascript_client_does_what_it_says_from_its_package(said, tmp_path, ann):
    missing = [name for name in ("node", "npm") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"the JavaScript client needs {', '.join(missing)}")
    ran(["npm", "pack", "--silent", str(CLIENTS / "javascript")], tmp_path)
    [package] = tmp_path.glob("*.tgz")
    offline = ["--offline", "--no-audit", "--no-fund", "--silent", "--prefix", "."]
    ran(["npm", "install", *offline, f"./{package.name}"], tmp_path)
    assert (tmp_path / "node_modules" / "nanobanana-client" / "index.d.ts").exists()
    (tmp_path / "program.mjs").write_text(NODE)
    found = said(["node", "program.mjs"])
    promises(found, ann)
    assert found["kind"] is True
    assert found["editor"] == [True, True, "image-to-image"]
