"""What the guard promises: nothing inside is ever connected to, however it is spelled."""

import contextlib
import ipaddress
import time

import httpcore
import pytest

from generator.fetch import FetchFailed, FetchRefused, Policy, fetch
from generator.guard import is_refused
from generator.tests.fake_internet import (
    OTHER,
    PNG,
    PUBLIC,
    FakeInternet,
    listening,
    lookup,
    reply,
)

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
