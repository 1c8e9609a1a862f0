"""What the clients do on a bad line: the same order with the same key, and not for ever."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
CLIENTS = Path(__file__).resolve().parent.parent.parent / "clients"
DONE = {"id": "gen_1", "status": "completed", "images": []}
BUSY = (503, {"code": "service_unavailable", "detail": "Not now."}, "0")
HOURS = (429, {"code": "rate_limited", "detail": "In an hour."}, "3600")
POOR = (429, {"code": "insufficient_quota", "detail": "No credits."}, "")
HUNG_UP: tuple[int, dict[str, str], str] = (0, {}, "")

PYTHON = """
from nanobanana_client import NanoBanana, NanoBananaError
try:
    print(NanoBanana().generate("a fox").status)
except NanoBananaError as error:
    print(error.code)
"""
ASYNC = """
import asyncio
from nanobanana_client import AsyncNanoBanana, NanoBananaError
async def main():
    try:
        print((await AsyncNanoBanana().generate("a fox")).status)
    except NanoBananaError as error:
        print(error.code)
asyncio.run(main())
"""
NODE = f"""
import {{ NanoBanana }} from {json.dumps(str(CLIENTS / "javascript" / "index.js"))};
const seen = await new NanoBanana().generate("a fox").catch((error) => ({{ status: error.code }}));
console.log(seen.status);
"""
PROGRAMS = {
    "python": [sys.executable, "-c", PYTHON],
    "async": [sys.executable, "-c", ASYNC],
    "node": ["node", "--input-type=module", "-e", NODE],
}


@contextmanager
def moody(answers: list[tuple[int, dict, str]]) -> Iterator[tuple[str, list[str]]]:
    """A server whose orders get these answers in turn, then are done; the keys that came."""
    came: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            came.append(self.headers["Idempotency-Key"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.answer(*(answers.pop(0) if answers else (200, DONE, "")))

        def do_GET(self) -> None:
            self.answer(200, DONE, "")

        def answer(self, status: int, body: dict, later: str) -> None:
            if not status:
                self.close_connection = True
                return
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(data)))
            if later:
                self.send_header("Retry-After", later)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Nothing: the test tells what came."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", came
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize(
    ("answers", "said", "orders"),
    [
        ([BUSY, HUNG_UP], "completed", 3),
        ([BUSY, BUSY, BUSY, BUSY], "service_unavailable", 3),
        ([HOURS], "rate_limited", 1),
        ([POOR], "insufficient_quota", 1),
    ],
    ids=["better in the end", "never better", "an hour's wait", "no credits"],
)
def test_an_order_is_sent_again_with_its_key_where_that_helps(program, answers, said, orders):
    command = PROGRAMS[program]
    if shutil.which(command[0]) is None:
        pytest.skip(f"the JavaScript client needs {command[0]}")
    with moody(list(answers)) as (url, came):
        own = {"NANOBANANA_URL": url, "NANOBANANA_KEY": "nb_made_up"}
        own |= {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(CLIENTS / "python"),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        done = subprocess.run(
            command, env=own, capture_output=True, text=True, timeout=60, check=False
        )
    assert (done.stdout.strip(), done.stderr) == (said, "")
    assert len(came) == orders
    assert len(set(came)) == 1
    assert came[0]
