"""What the fetcher promises: nothing inside is reached, nothing outside holds it."""

import datetime
import gzip
import socket
import ssl
import threading
import time
import tracemalloc
import zlib

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from generator.fetch import MAX_BYTES, FetchFailed, FetchRefused, Policy, fetch
from generator.guard import resolve
from generator.guarded_client import open_guarded_client
from generator.tests.fake_internet import (
    PNG,
    PUBLIC,
    FakeInternet,
    get,
    listening,
    lookup,
    reply,
    request,
)


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


def test_a_host_that_is_allowed_on_one_port_may_not_redirect_to_another():
    with listening(redirecting("http://127.0.0.1:1/")) as (port, connections):
        policy = Policy(allow=frozenset({f"127.0.0.1:{port}"}))
        with pytest.raises(FetchRefused):
            fetch(f"http://127.0.0.1:{port}/", policy=policy)
        assert len(connections) == 1


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
            for url in ("http://inside.example/hook", "http://pics.example:22/hook"):
                with pytest.raises(FetchRefused):
                    client.post(url, json={})
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
