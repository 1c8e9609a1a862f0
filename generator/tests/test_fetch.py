"""What the guarded fetcher promises: nothing inside is reached, nothing outside holds it."""

import contextlib
import datetime
import gzip
import ipaddress
import socket
import ssl
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator

import httpcore
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from generator.fetch import MAX_BYTES, FetchFailed, FetchRefused, Policy, fetch
from generator.guard import is_refused, resolve
from generator.guarded_client import open_guarded_client

PUBLIC, OTHER = "93.184.216.34", "151.101.1.69"
PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 200

INSIDE = [
    "127.0.0.1", "127.0.0.2", "127.255.255.254", "0.0.0.0", "10.0.0.1", "10.255.255.255",  # noqa: S104
    "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1.254", "169.254.169.254",
    "169.254.170.2", "100.64.0.1", "100.100.100.200", "100.127.255.255", "192.0.0.1",
    "192.0.0.170", "192.0.2.1", "192.88.99.1", "198.18.0.1", "198.51.100.1", "203.0.113.1",
    "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "::", "::1",
    "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::7f00:1",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "64:ff9b:1::1", "2002:7f00:1::",
    "2002:a00:1::1", "2001::1", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "2001:db8::1",
    "fe80::1", "febf::1", "fec0::1", "feff::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1",
    "100::1", "0:0:0:0:0:ffff:7f00:1",
]  # fmt: skip

ODD = [
    "https://localhost/", "https://LOCALHOST/", "https://localhost./", "https://app.localhost/",
    "https://0/", "https://127.1/", "https://127.0.1/", "https://2130706433/",
    "https://0x7f000001/", "https://0x7f.1/", "https://0x7f.0x0.0x0.0x1/", "https://017700000001/",
    "https://0177.0.0.1/", "https://127.0.0.01/", "https://169.254.43518/", "https://2852039166/",
    "https://0xa9fea9fe/", "https://127。0。0。1/", "https://127．0．0．1/", "https://１２７.0.0.1/",
    "https://①②⑦.⓪.⓪.①/", "https://ⓛocalhost/", "https://127.0.0.1./", "https://127.0.0.1.../",
    "https://[::1%25lo]/", "https://[fe80::1%25eth0]/", "https://[::1/", "https://::1/",
    "https://127.0.0.1%2f.evil.example/", "https://127%2e0%2e0%2e1/", "https://%31%32%37.0.0.1/",
    "https://inside.example/", "https://mixed.example/", "https://metadata.google.internal/",
    "https://user@pics.example/", "https://user:secret@pics.example/", "https://@pics.example/",
    "https://pics.example@127.0.0.1/", "https://127.0.0.1#@pics.example/",
    "https://pics.example\\@127.0.0.1/", "https://127.0.0.1\\.pics.example/",
    "https:\\\\127.0.0.1/",
    "https:/\\127.0.0.1/", "https://pics.example:22/", "https://pics.example:6379/",
    "https://pics.example:5432/", "https://pics.example:0/", "https://pics.example:８０/",
    "https://pics.example:99999/", "https://pics.example:80:443/", "https://pics.example:x/",
    "https://pics.example/\r\nHost: 127.0.0.1", "https://pics.example/%0d%0a\n", " https://127.0.0.1/",
    "https://127.0.0.1/ ", "https://pics.example\t.evil/", "https://pics.example\x00.evil/",
    "https://\u202e127.0.0.1/", "https://127.0.0.1\u2028/", "https://pics\u00ad.example/",
    "http://pics.example/", "file:///etc/passwd", "gopher://127.0.0.1:70/_x", "ftp://pics.example/a",
    "data:image/png;base64,iVBORw0KGgo=", "dict://127.0.0.1:11211/stat", "ldap://127.0.0.1/",
    "jar:https://pics.example!/", "javascript:alert(1)", "//127.0.0.1/", "/etc/passwd", "127.0.0.1",
    "https:127.0.0.1", "https:///127.0.0.1", "https://", "https:///", "", "https://./", "https://-/",
    "https://us.example/", "https://pics.example/" + "a" * 3000, "https://a..example/",
]  # fmt: skip

NAMES = {
    "pics.example": [PUBLIC],
    "other.example": [OTHER],
    "inside.example": ["10.0.0.7"],
    "mixed.example": [PUBLIC, "fd00::1"],
    "us.example": [PUBLIC],
    "localhost": ["127.0.0.1", "::1"],
}


class FakeInternet(httpcore.NetworkBackend):
    """A wire on which every address leads to one local listener; it remembers who was called."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.called: list[str] = []

    def connect_tcp(self, host, port, timeout=None, local_address=None, socket_options=None):
        ipaddress.ip_address(host)  # only checked addresses come here, never names
        self.called.append(f"{host}:{port}")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self.port, timeout)


def lookup(host: str, port: int) -> list[str]:
    """Resolve as a system would, odd spellings of IPv4 included."""
    if host in NAMES:
        return NAMES[host]
    try:
        return [socket.inet_ntoa(socket.inet_aton(host))]
    except OSError:
        return ["127.0.0.1"]


@contextlib.contextmanager
def listening(answer: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[int]]]:
    """Yield (port, connections) of a listener that calls `answer` with each accepted socket."""
    accepted: list[int] = []

    def serve(connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            answer(connection)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            accepted.append(1)
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=accept, daemon=True).start()
        yield listener.getsockname()[1], accepted
        listener.shutdown(socket.SHUT_RDWR)


def reply(body: bytes = PNG, *headers: str, status: str = "200 OK", length: int | None = None):
    """Return an `answer` that reads one request and sends this."""
    lines = [f"HTTP/1.1 {status}", *headers]
    if length is None:
        length = len(body)
    if length >= 0:
        lines.append(f"Content-Length: {length}")

    def answer(connection: socket.socket) -> None:
        request(connection)
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    return answer


def request(connection: socket.socket) -> str:
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(4096)
        if not piece:
            break
        received += piece
    return received.decode("latin-1")


def get(answer, url: str = "http://pics.example/a.png", seconds: float = 3, **settings):
    """Fetch over a fake internet where `answer` serves every address; return the result."""
    with listening(answer) as (port, _):
        policy = Policy(resolver=lookup, wire=FakeInternet(port), allow_http=True)
        return fetch(url, policy=policy, seconds=seconds, **settings)


def test_a_public_file_is_fetched_with_its_type():
    fetched = get(reply(PNG, "Content-Type: image/png; charset=x"))
    assert (fetched.data, fetched.content_type) == (PNG, "image/png")


def test_the_request_names_the_host_and_asks_for_plain_bytes():
    seen = []

    def answer(connection):
        seen.append(request(connection).lower())
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    get(answer)
    assert "host: pics.example" in seen[0]
    assert "accept-encoding: identity" in seen[0]
    assert "cookie" not in seen[0]
    assert "authorization" not in seen[0]


@pytest.mark.parametrize("address", INSIDE)
def test_an_inside_address_is_refused_in_a_url_and_behind_a_name(address):
    assert is_refused(address)
    host = f"[{address}]" if ":" in address else address
    with listening(reply()) as (port, connections):
        wire = FakeInternet(port)
        for scheme in ("http", "https"):
            policy = Policy(resolver=lookup, wire=wire, allow_http=True)
            with pytest.raises(FetchRefused):
                fetch(f"{scheme}://{host}/a.png", policy=policy, seconds=2)
        named = Policy(resolver=lambda host, port: [address], wire=wire)
        with pytest.raises(FetchRefused):
            fetch("https://rebound.example/", policy=named, seconds=2)
        assert (wire.called, connections) == ([], [])


@pytest.mark.parametrize("url", ODD)
def test_an_odd_url_is_refused_without_a_connection(url):
    with listening(reply()) as (port, connections):
        wire = FakeInternet(port)
        policy = Policy(resolver=lookup, wire=wire, own=frozenset({"us.example"}))
        with pytest.raises(FetchRefused) as refusal:
            fetch(url, policy=policy, seconds=2)
        assert refusal.value.code == "url_not_allowed"
        assert (wire.called, connections) == ([], [])


@pytest.mark.parametrize(
    "host", ["0", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "169.254.43518"]
)
def test_a_number_that_is_no_plain_address_is_refused_before_any_lookup(host):
    with pytest.raises(FetchRefused):
        Policy(allow_http=True).check(f"http://{host}/")


def test_the_hostile_set_is_as_large_as_promised():
    assert len(set(INSIDE)) * 3 + len(set(ODD)) >= 100


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8"])
def test_public_addresses_are_not_refused(address):
    assert not is_refused(address)


@pytest.mark.parametrize("text", ["", "localhost", "fe80::1%eth0", "1.2.3", "2606:4700::1%1"])
def test_what_is_no_plain_address_is_refused(text):
    assert is_refused(text)


def test_the_machines_own_public_address_is_refused(monkeypatch):
    """Loopback stands in for a public address of ours: taken for global, it can still be bound."""
    monkeypatch.setattr(ipaddress.IPv4Address, "is_global", True)
    assert is_refused("127.0.0.1")
    assert not is_refused("8.8.8.8")


def test_a_name_that_changes_its_mind_is_looked_up_once_and_connected_as_checked():
    answers = iter([[PUBLIC], ["127.0.0.1"], ["127.0.0.1"]])
    with listening(lambda connection: None) as (port, _):
        wire = FakeInternet(port)
        policy = Policy(resolver=lambda host, port: next(answers), wire=wire)
        with pytest.raises(FetchFailed):  # nobody answers there; who was called is the point
            fetch("https://rebinding.example/", policy=policy, seconds=2)
        assert wire.called == [f"{PUBLIC}:443"]


def test_the_next_address_is_tried_when_the_first_does_not_answer():
    class HalfDown(FakeInternet):
        def connect_tcp(self, host, port, *args, **settings):
            if host == OTHER:
                raise httpcore.ConnectError("down")
            return super().connect_tcp(host, port, *args, **settings)

    with listening(reply()) as (port, _):
        policy = Policy(
            resolver=lambda host, port: [OTHER, PUBLIC], wire=HalfDown(port), allow_http=True
        )
        assert fetch("http://pics.example/", policy=policy).data == PNG


def test_addresses_that_all_hang_take_no_longer_than_the_deadline():
    class Hanging(FakeInternet):
        def connect_tcp(self, host, port, timeout=None, *args, **settings):
            self.called.append(host)
            time.sleep(timeout)
            raise httpcore.ConnectTimeout

    wire = Hanging(0)
    policy = Policy(resolver=lambda host, port: [PUBLIC, OTHER], wire=wire)
    with pytest.raises(FetchFailed):
        fetch("https://pics.example/", policy=policy, seconds=0.05)
    assert wire.called == [PUBLIC]


def test_an_allowed_host_and_port_is_free_of_every_rule_and_its_neighbours_are_not():
    with listening(reply()) as (port, _):
        allowed = Policy(allow=frozenset({f"127.0.0.1:{port}", f"localhost:{port}"}))
        assert fetch(f"http://127.0.0.1:{port}/a", policy=allowed).data == PNG
        assert fetch(f"http://localhost:{port}/a", policy=allowed).data == PNG
        for url in ("http://127.0.0.1/", f"http://127.0.0.2:{port}/", f"http://[::1]:{port}/"):
            with pytest.raises(FetchRefused):
                fetch(url, policy=allowed)


def test_an_allowed_ipv6_address_is_written_with_brackets():
    assert Policy(allow=frozenset({"[::1]:8080"})).check("http://[::1]:8080/x").port == 8080


@pytest.mark.parametrize(
    ("url", "fine"),
    [
        ("https://cdn.example/a", True),
        ("https://eu.cdn.example/a", True),
        ("https://CDN.example/a", True),
        ("https://evilcdn.example/a", False),
        ("https://cdn.example.evil/a", False),
        ("https://example/a", False),
    ],
)
def test_a_host_list_takes_a_host_and_its_subdomains_only(url, fine):
    policy = Policy(hosts=("cdn.example",))
    with contextlib.nullcontext() if fine else pytest.raises(FetchRefused):
        policy.check(url)


def test_an_international_name_is_accepted_in_its_ascii_form():
    assert Policy().check("https://bücher.example/ä?ö").raw_host == b"xn--bcher-kva.example"


def redirecting(*targets: str):
    """Answer the n-th request with a redirect to the n-th target, and with a picture after them."""
    left = list(targets)

    def answer(connection):
        request(connection)
        if left:
            head = f"HTTP/1.1 302 Found\r\nLocation: {left.pop(0)}\r\nContent-Length: 0\r\n\r\n"
            connection.sendall(head.encode())
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes")

    return answer


def test_three_redirects_are_followed_and_a_fourth_is_not():
    hops = ["/b", "http://other.example/c", "//pics.example/d"]
    assert get(redirecting(*hops)).data == b"yes"
    with pytest.raises(FetchFailed):
        get(redirecting(*hops, "/e"))


@pytest.mark.parametrize("count", [0, 1, 2])
@pytest.mark.parametrize(
    "target",
    [
        "http://127.0.0.1/", "http://[::1]/", "http://inside.example/", "//169.254.169.254/latest/",
        "http://0x7f.1/", "http://pics.example:6379/", "file:///etc/passwd", "http://user@127.1/",
        "http://pics.example\\@127.0.0.1/",
    ],
)  # fmt: skip
def test_a_redirect_is_checked_as_strictly_as_the_first_address(target, count):
    with listening(redirecting(*["/next"] * count, target)) as (port, connections):
        wire = FakeInternet(port)
        policy = Policy(resolver=lookup, wire=wire, allow_http=True)
        with pytest.raises(FetchRefused):
            fetch("http://pics.example/", policy=policy, seconds=2)
        assert set(wire.called) == {f"{PUBLIC}:80"}
        assert len(connections) <= count + 1


def test_a_redirect_from_https_to_http_is_refused():
    policy = Policy(allow=frozenset({"pics.example:443"}))
    with pytest.raises(FetchRefused):
        policy.check("http://pics.example/")


@pytest.mark.parametrize("target", ["", "http://[", "\x01"])
def test_a_redirect_to_nowhere_fails(target):
    with pytest.raises((FetchFailed, FetchRefused)):
        get(redirecting(target))


@pytest.mark.parametrize(
    "answer",
    [
        reply(b"secret", status="404 Not Found"),
        reply(b"secret", status="500 Oh"),
        reply(b"secret", status="206 Partial Content"),
        reply(b"secret", "Content-Type: text/html"),
        reply(b"secret", "Content-Type: application/json"),
        reply(b"short", length=900),
        reply(b"", length=MAX_BYTES + 1),
        reply(b"", "Content-Length: " + "9" * 30, length=-1),
        reply(b"", "Content-Length: -1", length=-1),
        reply(b"x", "Content-Encoding: br"),
        reply(b"not gzip", "Content-Encoding: gzip"),
        reply(gzip.compress(PNG)[:-9], "Content-Encoding: gzip"),
        lambda connection: connection.sendall(b"SSH-2.0-OpenSSH_9.6\r\n"),
        lambda connection: connection.sendall(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 300_000),
        lambda connection: None,
    ],
)
def test_a_broken_answer_fails_and_tells_nothing_of_it(answer):
    with pytest.raises(FetchFailed) as failure:
        get(answer)
    assert str(failure.value) == FetchFailed.message


def test_a_body_that_never_ends_stops_at_the_limit():
    sent = []

    def answer(connection):
        request(connection)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)
            sent.append(65536)

    with pytest.raises(FetchFailed):
        get(answer, limit=500_000)
    assert sum(sent) < 20_000_000


def test_a_gzip_bomb_stops_at_the_limit():
    bomb = gzip.compress(bytes(60_000_000))
    tracemalloc.start()
    with pytest.raises(FetchFailed):
        get(reply(bomb, "Content-Encoding: gzip"), limit=1_000_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 10_000_000


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
def test_a_packed_file_is_unpacked_though_none_was_asked_for(pack):
    encoding = "gzip" if pack is gzip.compress else "deflate"
    assert get(reply(pack(PNG), f"Content-Encoding: {encoding}")).data == PNG


def dripping(head: bytes):
    def answer(connection):
        connection.sendall(head)
        while True:
            connection.sendall(b"x")
            time.sleep(0.02)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        dripping(b""),
        dripping(b"HTTP/1.1 200 OK\r\nX: "),
        dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n"),
        dripping(b"HTTP/1.1 200 OK\r\n\r\n"),
        lambda connection: time.sleep(2),
    ],
)
def test_a_drip_ends_at_the_deadline_wherever_it_drips(answer):
    started = time.monotonic()
    with pytest.raises(FetchFailed):
        get(answer, seconds=0.15)
    assert time.monotonic() - started < 1


def test_a_drip_inside_the_tls_handshake_ends_at_the_deadline():
    started = time.monotonic()
    with pytest.raises(FetchFailed):
        get(dripping(b"\x16\x03\x03\x40\x00"), url="https://pics.example/", seconds=0.15)
    assert time.monotonic() - started < 1


def test_a_slow_name_lookup_ends_at_the_deadline():
    release = threading.Event()
    policy = Policy(resolver=lambda host, port: [str(release.wait(2))])
    started = time.monotonic()
    with pytest.raises(FetchFailed):
        fetch("https://slow.example/", policy=policy, seconds=0.1)
    assert time.monotonic() - started < 1
    release.set()


def test_a_name_that_does_not_exist_fails_and_is_not_refused():
    def nothing(host, port):
        raise socket.gaierror

    with pytest.raises(FetchFailed):
        fetch("https://gone.example/", policy=Policy(resolver=nothing))


def test_proxies_of_the_environment_are_ignored(monkeypatch):
    with listening(reply()) as (proxy, proxied):
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
        assert get(reply(b"direct")).data == b"direct"
        assert proxied == []


def test_passwords_of_the_environment_stay_at_home(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine pics.example login ann password secret")
    monkeypatch.setenv("NETRC", str(netrc))
    seen = []

    def answer(connection):
        seen.append(request(connection).lower())

    with pytest.raises(FetchFailed):
        get(answer)
    assert "authorization" not in seen[0]


def test_the_system_resolver_gives_every_address_once():
    found = resolve("localhost", 80)
    assert "127.0.0.1" in found
    assert len(found) == len(set(found))


def test_the_same_guard_serves_a_post():
    seen = []

    def answer(connection):
        seen.append(request(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with listening(answer) as (port, _):
        policy = Policy(resolver=lookup, wire=FakeInternet(port), allow_http=True)
        with open_guarded_client(policy, 2) as client:
            assert client.post(policy.check("http://pics.example/hook"), json={}).status_code == 204
            with pytest.raises(FetchRefused):
                client.post("http://inside.example/hook", json={})
    assert seen[0].startswith("POST /hook")


@pytest.fixture(scope="module")
def tls_of(tmp_path_factory):
    """Return (server context, client context) for a certificate that names pics.example alone."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "pics.example")])
    now = datetime.datetime.now(datetime.UTC)
    day = datetime.timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - day)
        .not_valid_after(now + day)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("pics.example")]), False)
        .sign(key, hashes.SHA256())
    )
    folder = tmp_path_factory.mktemp("tls")
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "cert").write_bytes(pem)
    form = serialization.PrivateFormat.PKCS8
    plain = serialization.NoEncryption()
    (folder / "key").write_bytes(key.private_bytes(serialization.Encoding.PEM, form, plain))
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "cert", folder / "key")
    return server, ssl.create_default_context(cadata=pem.decode())


def test_tls_names_and_verifies_the_host_though_the_socket_goes_to_an_address(tls_of):
    server, client = tls_of
    names: list[str] = []
    server.sni_callback = lambda connection, name, context: names.append(name)

    def answer(connection):
        with server.wrap_socket(connection, server_side=True) as secure:
            reply()(secure)

    with listening(answer) as (port, _):
        policy = Policy(resolver=lookup, wire=FakeInternet(port), tls=client)
        assert fetch("https://pics.example/a.png", policy=policy).data == PNG
        with pytest.raises(FetchFailed):
            fetch("https://other.example/a.png", policy=policy)
    assert names == ["pics.example", "other.example"]
