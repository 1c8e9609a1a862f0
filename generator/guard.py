"""The one place that decides whether an address from outside may be connected to.

A name is looked up here and every address behind it checked; the connection then goes to a checked
address (generator.guarded_client), so a name that changes its mind a moment later changes nothing.
"""

import contextlib
import ipaddress
import queue
import re
import socket
import ssl
import threading
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import httpcore
import httpx

Resolver = Callable[[str, int], list[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS = frozenset({80, 443})
MAX_URL = 2048
# Ranges that `is_global` (Python 3.11 to 3.13) lets through, or that carry an IPv4 address inside.
REFUSED_NETWORKS = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "100.64.0.0/10",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2002::/16",
        "2001::/32",
        "::/96",
        "fec0::/10",
    )
)
# A letter or number that no URL holds unencoded, a backslash, or anything a parser might trim.
_ODD_CHARACTERS = re.compile(r"[\x00-\x20\x7f-\xa0\\\u2028\u2029\ufeff]")
_NUMBER = re.compile(r"(?:[0-9]+|0[xX][0-9a-fA-F]*)\Z")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\Z")


class FetchRefused(Exception):
    """The address may not be used (HTTP 400)."""

    code = "url_not_allowed"
    message = "This address cannot be used: give a public https:// address."

    def __init__(self) -> None:
        super().__init__(self.message)


class FetchFailed(Exception):
    """The other side did not deliver; nothing of what it said is told."""

    code = "fetch_failed"
    message = "The file could not be fetched from this address."

    def __init__(self) -> None:
        super().__init__(self.message)


def resolve(host: str, port: int) -> list[str]:
    """Return every address of the name, as the system's resolver gives them."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True)
class Policy:
    """What may be connected to.

    allow: "host:port" entries (FETCH_ALLOW_HOSTS) free of every rule below.
    hosts: if not empty, only these hosts and their subdomains.
    own: this site's own host names, refused like its own addresses.
    resolver, wire, tls: how names are looked up, sockets made and certificates judged; tests put
        their own network here.
    """

    allow: frozenset[str] = frozenset()
    hosts: tuple[str, ...] = ()
    own: frozenset[str] = frozenset()
    allow_http: bool = False
    resolver: Resolver = resolve
    wire: httpcore.NetworkBackend = httpcore.SyncBackend()
    tls: ssl.SSLContext | None = None

    def allows(self, host: str, port: int) -> bool:
        """Tell whether the operator listed this very host and port."""
        name = f"[{host}]" if ":" in host else host
        return f"{name}:{port}" in self.allow

    def check(self, url: str) -> httpx.URL:
        """Return the parsed URL, ready to connect to; raise FetchRefused."""
        if not url.isprintable() or len(url) > MAX_URL or _ODD_CHARACTERS.search(url):
            raise FetchRefused
        try:
            parsed = httpx.URL(url)
            self._check_parts(parsed, url)
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise FetchRefused from error
        return parsed

    def _check_parts(self, url: httpx.URL, text: str) -> None:
        authority = text.partition("://")[2].partition("/")[0].partition("?")[0].partition("#")[0]
        if url.scheme not in ("http", "https") or "@" in authority:
            raise FetchRefused
        host, port = url.raw_host.decode("ascii").lower(), _port(url)
        if _is_odd_host(host, authority):
            raise FetchRefused
        if self.allows(host, port):
            return
        if port not in PORTS or (url.scheme == "http" and not self.allow_http):
            raise FetchRefused
        if host in self.own or not self._is_listed(host):
            raise FetchRefused
        literal = _literal(host)
        if literal and is_refused(literal):
            raise FetchRefused

    def _is_listed(self, host: str) -> bool:
        return not self.hosts or any(host == h or host.endswith(f".{h}") for h in self.hosts)

    def addresses(self, host: str, port: int, seconds: float) -> list[str]:
        """Return the addresses to connect to; raise FetchRefused if a single one is not public."""
        found = [host]
        if not _literal(host):
            found = _within(seconds, lambda: self.resolver(host, port))
        if not self.allows(host, port) and any(is_refused(address) for address in found):
            raise FetchRefused
        return found


def is_refused(text: str) -> bool:
    """Tell whether an address is anything but a public one of somebody else's machine."""
    try:
        address: Address = ipaddress.ip_address(text)
    except ValueError:
        return True
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id:
            return True
        address = address.ipv4_mapped or address
    return (
        not address.is_global
        or address.is_multicast
        or address.is_reserved
        or any(address in network for network in REFUSED_NETWORKS)
        or _is_own(address)
    )


def _is_own(address: Address) -> bool:
    """A machine can bind its own addresses and no others (port 0: a free one, for a moment)."""
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.bind((str(address), 0))
        return True
    return False


def _port(url: httpx.URL) -> int:
    if url.port is not None:
        return url.port
    return 443 if url.scheme == "https" else 80


def _literal(host: str) -> str | None:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return None


def _is_odd_host(host: str, authority: str) -> bool:
    """Refuse what resolvers read as addresses in ways of their own: 127.1, 0x7f.1, ①②⑦…"""
    if not host or unicodedata.normalize("NFKC", authority) != authority or "%" in authority:
        return True
    if _literal(host):
        return False
    last = host.removesuffix(".").rpartition(".")[2]
    return bool(_NUMBER.match(last)) or not _HOST.match(host) or ".." in host


def _within(seconds: float, work: Callable[[], list[str]]) -> list[str]:
    """Run a lookup that cannot be interrupted in a thread that can be left behind."""
    answers: queue.SimpleQueue[list[str]] = queue.SimpleQueue()

    def run() -> None:
        found: list[str] = []
        with contextlib.suppress(OSError, UnicodeError):
            found = work()
        answers.put(found)

    threading.Thread(target=run, name="resolve", daemon=True).start()
    try:
        return answers.get(timeout=max(0.0, seconds))
    except queue.Empty as error:
        raise httpcore.ConnectTimeout("name lookup") from error
