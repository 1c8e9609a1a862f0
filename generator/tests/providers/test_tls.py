"""The wire over TLS, as every real upstream has it: trust, deadlines and cuts."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from generator.providers.base import Done, Order, Unavailable, Unknown
from generator.providers.connections import tls_context
from generator.simulators.base import Simulator
from generator.simulators.kie import FAMILIES, KieSimulator
from generator.tests.providers.conftest import adapter

ORDER = Order("attempt-1", "nano-banana", "google/nano-banana", "text", "a fox")


def self_signed(path: Path) -> Path:
    """A file with a new key and its certificate for localhost."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    form, plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, form, plain)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


def secured(folder: Path) -> Simulator:
    sim = KieSimulator(seconds=0.0)
    sim.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    sim.tls.load_cert_chain(folder / "both.pem")
    return sim


# Once for the process: a store that knows two certificates of one name trusts the first alone.
@pytest.fixture(scope="session")
def certificate(tmp_path_factory) -> Path:
    return self_signed(tmp_path_factory.mktemp("tls") / "both.pem")


@pytest.fixture(scope="session")
def sim(certificate) -> Iterator[Simulator]:
    tls_context().load_verify_locations(certificate)
    with secured(certificate.parent) as running:
        yield running


def over_tls(sim: Simulator, fault: str = "", host: str = "localhost"):
    return adapter(sim, fault, patience=0.5, url=f"https://{host}:{sim.port}{FAMILIES[0]}")


def test_an_order_is_served_over_tls(sim):
    provider = over_tls(sim)
    waiting = provider.start(ORDER)
    assert isinstance(provider.poll(ORDER, waiting.remote_id), Done)


@pytest.mark.parametrize("fault", ["drop", "reset", "drip", "truncated"])
@pytest.mark.parametrize(("place", "expected"), [("create", Unknown), ("poll", Unavailable)])
def test_a_connection_cut_or_drawn_out_under_tls_means_what_it_means_without(
    place, expected, fault, sim
):
    sim.book.clear()
    sim.fault(fault, place)
    hurried = over_tls(sim, fault)
    remote_id = "" if place == "create" else over_tls(sim).start(ORDER).remote_id
    with pytest.raises(expected):
        hurried.poll(ORDER, remote_id) if remote_id else hurried.start(ORDER)


def test_a_certificate_of_another_name_proves_that_nothing_was_sent(sim):
    sim.book.clear()
    with pytest.raises(Unavailable):
        over_tls(sim, host="127.0.0.1").start(ORDER)
    assert sim.created() == []


def test_a_certificate_nobody_vouches_for_proves_that_nothing_was_sent(tmp_path):
    self_signed(tmp_path / "both.pem")
    with secured(tmp_path) as stranger:
        with pytest.raises(Unavailable):
            over_tls(stranger).start(ORDER)
        assert stranger.created() == []
