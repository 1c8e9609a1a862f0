"""The one place where simulators read requests and write answers, whole or broken."""

from __future__ import annotations

import asyncio
import functools
import http
import socket
import struct
import zlib
from urllib.parse import parse_qsl, unquote, urlsplit

from generator.simulators.messages import Request, Response

LONGEST_BODY = 100 * 1024 * 1024
_PIECE = b" " * 65536


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request on a connection; None when the other side closed it."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in filter(None, lines):
        name, _, value = line.partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    if length > LONGEST_BODY:
        raise ValueError("body too long")
    body = await reader.readexactly(length) if length else b""
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return Request(method, unquote(parts.path), query, headers, body)


async def send(writer: asyncio.StreamWriter, response: Response) -> bool:
    """Put an answer on the wire; False when the connection is to be closed after it."""
    if response.wire is None:
        writer.write(_head(response, len(response.body)) + response.body)
        await writer.drain()
        return True
    await BREAKS[response.wire](writer, response)
    return False


def _head(response: Response, length: int | None) -> bytes:
    phrase = http.HTTPStatus(response.status).phrase
    lines = [f"HTTP/1.1 {response.status} {phrase}"]
    lines += [f"{name}: {value}" for name, value in response.headers.items()]
    lines.append("connection: close" if length is None else f"content-length: {length}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _drop(writer: asyncio.StreamWriter, response: Response) -> None:
    writer.transport.abort()


async def _reset(writer: asyncio.StreamWriter, response: Response) -> None:
    """Ends with a RST instead of a FIN, as a crashed host or a firewall does."""
    at_once = struct.pack("ii", 1, 0)
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
    writer.transport.abort()


async def _truncated(writer: asyncio.StreamWriter, response: Response) -> None:
    writer.write(_head(response, len(response.body)) + response.body[: len(response.body) // 2])
    await writer.drain()


async def _endless(writer: asyncio.StreamWriter, response: Response) -> None:
    writer.write(_head(response, None) + b'{"code": 200, "data": "')
    while True:
        writer.write(_PIECE)
        await writer.drain()


async def _drip(writer: asyncio.StreamWriter, response: Response) -> None:
    """One byte now and then, headers included: each read succeeds, the whole never ends."""
    for byte in _head(response, len(response.body)) + response.body + _PIECE:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def _silent(writer: asyncio.StreamWriter, response: Response) -> None:
    await asyncio.sleep(3600)


async def _slow(writer: asyncio.StreamWriter, response: Response) -> None:
    await asyncio.sleep(1.0)
    writer.write(_head(response, len(response.body)) + response.body)
    await writer.drain()


@functools.cache
def gzip_bomb() -> bytes:
    """64 MB of spaces, packed into 64 KB."""
    packer = zlib.compressobj(9, wbits=31)
    megabyte = _PIECE * 16
    return b"".join(packer.compress(megabyte) for _ in range(64)) + packer.flush()


async def _bomb(writer: asyncio.StreamWriter, response: Response) -> None:
    packed = gzip_bomb()
    response.headers["content-encoding"] = "gzip"
    writer.write(_head(response, len(packed)) + packed)
    await writer.drain()


BREAKS = {
    "drop": _drop,
    "reset": _reset,
    "truncated": _truncated,
    "endless": _endless,
    "drip": _drip,
    "silent": _silent,
    "slow": _slow,
    "gzip_bomb": _bomb,
}
"""Ways of breaking an answer on the wire, by name."""
