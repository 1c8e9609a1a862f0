"""Putting a reply, whole or from a file, on the connection, as fast as the client reads."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace

from nanobanana.front.files import Plan, plan, read
from nanobanana.front.gateway import Reply
from nanobanana.front.lanes import Lane
from nanobanana.front.problem import Problem, missing, rendered
from nanobanana.front.spool import drain
from nanobanana.front.vocabulary import PIECE, Headers, Receive, Scope, Send

_WITHOUT_BODY = {204, 304}


async def send_problem(
    problem: Problem, scope: Scope, receive: Receive, send: Send, site_url: str
) -> None:
    """Answers with `problem`, before the connection closes dropping what the client still sends."""
    headers, body = rendered(problem, scope, site_url)
    if scope["method"] == "HEAD":
        body = b""
    await send({"type": "http.response.start", "status": problem.status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": problem.close})
    if problem.close:
        await drain(receive)
        await send({"type": "http.response.body"})


async def send_reply(reply: Reply, scope: Scope, send: Send, lane: Lane) -> None:
    """Answers with `reply`; raises `Problem` (404, nothing sent) when its file is not there."""
    if "x-nb-file" in reply.internal and reply.status == 200:
        await _send_file(reply, scope, send, lane)
        return
    bodiless = scope["method"] == "HEAD" or reply.status in _WITHOUT_BODY
    await send(
        {
            "type": "http.response.start",
            "status": reply.status,
            "headers": _with_length(reply, scope["method"] == "HEAD"),
        }
    )
    if bodiless:
        await send({"type": "http.response.body"})
    elif reply.file is not None:
        with closing(reply.file):
            reply.file.flush()
            await _pump(Plan(200, [], reply.file.fileno(), 0, reply.size), send, lane)
    else:
        await _send_pieces(reply.body, send)


def _with_length(reply: Reply, head: bool) -> Headers:
    headers = [(name, value) for name, value in reply.headers if name != b"content-length"]
    if reply.status in _WITHOUT_BODY:
        return headers
    length = str(reply.size).encode()
    if head and not reply.size:
        length = dict(reply.headers).get(b"content-length", b"0")
    return [*headers, (b"content-length", length)]


async def _send_pieces(pieces: Sequence[bytes], send: Send) -> None:
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    for start in range(0, len(body) - PIECE, PIECE):
        piece = body[start : start + PIECE]
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    last = (max(len(body) - 1, 0) // PIECE) * PIECE if len(body) > PIECE else 0
    await send({"type": "http.response.body", "body": body[last:] if last else body})


async def _send_file(reply: Reply, scope: Scope, send: Send, lane: Lane) -> None:
    try:
        part = await lane.run(
            plan, reply.internal["x-nb-file"], scope, reply.headers, promised=True
        )
    except OSError:
        raise missing() from None
    try:
        start = {"type": "http.response.start", "status": part.status, "headers": part.headers}
        await send(start)
        await _pump(part, send, lane)
    finally:
        part.close()


async def _pump(part: Plan, send: Send, lane: Lane) -> None:
    """Sends the planned bytes; reading happens in `lane`, waiting for the client does not."""
    piece = part.first
    while part.remaining > 0:
        piece = piece or await lane.run(read, part, promised=True)
        if not piece:
            raise OSError("the file is shorter than it was")
        offset, left = part.offset + len(piece), part.remaining - len(piece)
        part = replace(part, offset=offset, remaining=left)
        if left > 0:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            piece = b""
    await send({"type": "http.response.body", "body": piece})
