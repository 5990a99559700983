"""TLS: who speaks it where it is not spoken, who never finishes its handshake, and large frames."""

from __future__ import annotations

import logging
import socket
import ssl
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker.events import Event
from broker.server import tls
from tests.broker.security.certificates import Authority, authority
from tests.broker.security.secured import secured
from tests.broker.security.test_secured_clients import ask_over, contexts
from tests.broker.server.running import PATIENCE, Program, Running

Secured = tuple[Running, Authority]
API_VERSIONS = bytes.fromhex("0000000a 0012 0000 00000007 ffff")


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    with secured(tmp_path_factory.mktemp("tls")) as found:
        yield found


def connected(broker: Running, protocol: str) -> socket.socket:
    return socket.create_connection(("127.0.0.1", broker.ports[protocol]), timeout=PATIENCE)


def events(caplog: pytest.LogCaptureFixture, wanted: Event) -> list[dict[str, str]]:
    return [
        vars(record)["fields"]
        for record in caplog.records
        if getattr(record, "event", None) is wanted
    ]


def until(true: Callable[[], object]) -> None:
    due = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < due
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("protocol", "said", "why"),
    [
        ("PLAINTEXT", bytes.fromhex("16030100f8010000f40303"), "speaks TLS, and this"),
        ("SASL_PLAINTEXT", bytes.fromhex("16030100f8010000f40303"), "speaks TLS, and this"),
        ("SSL", API_VERSIONS, "does not speak TLS"),
        ("SASL_SSL", b"GET / HTTP/1.1\r\n\r\n", "does not speak TLS"),
    ],
)
def test_who_speaks_the_wrong_language_costs_itself(
    both: Secured, caplog: pytest.LogCaptureFixture, protocol: str, said: bytes, why: str
) -> None:
    broker, vouching = both
    caplog.set_level(logging.DEBUG, "verdict.broker")
    with connected(broker, protocol) as client:
        client.sendall(said)
        while True:
            try:
                if not client.recv(100):
                    break
            except ConnectionResetError:
                break
    until(lambda: events(caplog, Event.NO_HANDSHAKE))
    [told] = events(caplog, Event.NO_HANDSHAKE)
    assert told["client"] == "127.0.0.1"
    assert told["listener"] == protocol
    assert why in told["why"]
    assert ask_over(contexts(vouching), broker.ports["SSL"])


def test_a_handshake_that_does_not_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tls, "PATIENCE", 2.0)
    with secured(tmp_path, **{"max.connections": "2"}) as (broker, vouching):
        half = [connected(broker, "SSL") for _ in range(2)]
        until(lambda: broker.call(lambda: len(broker.server.connections)) == 2)
        # They count while they are at it: there is no room for a third.
        with connected(broker, "SSL") as third, pytest.raises((ssl.SSLError, ConnectionError)):
            contexts(vouching).wrap_socket(third, server_hostname="127.0.0.1")
        for each in half:
            assert each.recv(1) == b""
            each.close()
        until(lambda: not broker.call(lambda: len(broker.server.connections)))
        monkeypatch.undo()
        assert ask_over(contexts(vouching), broker.ports["SSL"])
    assert {each["why"] for each in events(caplog, Event.NO_HANDSHAKE)} == {"it took too long"}


def test_a_broker_stops_though_handshakes_are_under_way(tmp_path: Path) -> None:
    began = time.monotonic()
    with secured(tmp_path) as (broker, _):
        waiting = connected(broker, "SSL")
        until(lambda: broker.call(lambda: len(broker.server.connections)) == 1)
    assert time.monotonic() - began < tls.PATIENCE
    with waiting:
        assert waiting.recv(1) == b""


def test_requests_in_one_piece_and_byte_by_byte(both: Secured) -> None:
    broker, vouching = both
    many = 200
    with (
        connected(broker, "SSL") as plain,
        contexts(vouching).wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        for byte in API_VERSIONS:
            secure.sendall(bytes([byte]))
        secure.sendall(API_VERSIONS * many)
        answers = secure.makefile("rb")
        for _ in range(1 + many):
            (size,) = struct.unpack(">i", answers.read(4))
            assert answers.read(size)[:4] == b"\0\0\0\7"
        answers.close()


def test_before_it_has_said_who_it_is_a_client_may_ask_little(both: Secured) -> None:
    broker, _ = both
    for said in (
        API_VERSIONS[:4] + b"\0\3" + API_VERSIONS[6:] + b"\0\0\0\0",
        struct.pack(">i", (512 << 10) + 1),
    ):
        with connected(broker, "SASL_PLAINTEXT") as client:
            client.sendall(API_VERSIONS)
            assert client.recv(4)
            client.sendall(said)
            while True:
                try:
                    if not client.recv(1000):
                        break
                except ConnectionResetError:
                    break


def test_the_program_serves_tls_too(tmp_path: Path) -> None:
    """In the program the loop is uvloop's, where there is one."""
    vouching = authority(tmp_path / "ca")
    keys = vouching.issue("server", "/CN=broker", password="of the key")  # noqa: S106 - a test's
    settings = tmp_path / "server.properties"
    settings.write_text(
        "listeners=SSL://127.0.0.1:0\nssl.keystore.type=PEM\n"
        f"ssl.keystore.location={keys}\nssl.key.password=of the key\n"
    )
    broker = Program(tmp_path / "data", "--config", str(settings))
    try:
        for _ in range(20):
            assert ask_over(contexts(vouching), broker.port)
        with socket.create_connection(("127.0.0.1", broker.port), timeout=PATIENCE) as plain:
            plain.sendall(API_VERSIONS)
            while True:
                try:
                    if not plain.recv(100):
                        break
                except ConnectionResetError:
                    break
    finally:
        status = broker.stop()
    assert status == 0
    assert broker.said.count("the client does not speak TLS") == 1
    assert "Traceback" not in broker.said
