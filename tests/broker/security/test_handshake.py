"""The steps of an authentication on the wire, in order and out of it."""

from __future__ import annotations

import struct
import time
from collections.abc import Iterator

import pytest

from broker.wire.apis import ApiKey
from tests.broker.raw import RawClient
from tests.broker.security.denials import SETTINGS, Named
from tests.broker.security.test_scram import Client as ScramClient
from tests.broker.server.running import PATIENCE, Running, running

HANDSHAKE, AUTHENTICATE = ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE
LISTENERS = "PLAINTEXT://127.0.0.1:0,SASL_PLAINTEXT://127.0.0.1:0"
ALICE, MALLORY = b"\0alice\0alice-secret", b"\0alice\0mallory-secret"
LIFETIME = 600_000


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    more = {
        "listeners": LISTENERS,
        "connections.max.reauth.ms": str(LIFETIME),
        "connection.failed.authentication.delay.ms": "30",
    }
    with running(tmp_path_factory.mktemp("data"), **{**SETTINGS, **more}) as found:
        yield found


@pytest.fixture
def client(broker: Running) -> Iterator[RawClient]:
    with RawClient(broker.ports["SASL_PLAINTEXT"]) as found:
        yield found


def closed(client: RawClient) -> bool:
    """Whether the broker has closed the connection, or does so in a moment."""
    client._socket.settimeout(PATIENCE)
    try:
        return client._socket.recv(1) == b""
    except ConnectionResetError:
        return True


def shake(client: RawClient, version: int = 1, mechanism: str = "PLAIN") -> int:
    return int(client.answer_to(HANDSHAKE, version, mechanism=mechanism)["error_code"])


def say(client: RawClient, token: bytes) -> int:
    return int(client.answer_to(AUTHENTICATE, 2, auth_bytes=token)["error_code"])


def frame(client: RawClient, token: bytes) -> bytes:
    """What a bare token is answered."""
    client._socket.sendall(struct.pack(">i", len(token)) + token)
    (size,) = struct.unpack(">i", client._exactly(4))
    return client._exactly(size)


def test_in_order(client: RawClient) -> None:
    assert client.answer_to(ApiKey.API_VERSIONS, 3)["error_code"] == 0
    found = client.answer_to(HANDSHAKE, 1, mechanism="PLAIN")
    assert found == {"error_code": 0, "mechanisms": ["PLAIN"]}
    found = client.answer_to(AUTHENTICATE, 2, auth_bytes=ALICE)
    assert found == {"error_code": 0, "error_message": None, "auth_bytes": b"",
                     "session_lifetime": LIFETIME}  # fmt: skip
    assert client.answer_to(ApiKey.METADATA, 12, topics=None)["topics"] == []


def test_a_token_without_a_handshake(client: RawClient) -> None:
    assert say(client, ALICE) == 34
    assert closed(client)


def test_a_handshake_within_another(client: RawClient) -> None:
    assert shake(client) == 0
    assert shake(client) == 34
    assert closed(client)


def test_a_mechanism_that_is_not_there(client: RawClient) -> None:
    found = client.answer_to(HANDSHAKE, 1, mechanism="GSSAPI")
    assert found == {"error_code": 33, "mechanisms": ["PLAIN"]}
    assert closed(client)


def test_who_fails_is_told_after_a_while_and_cut_off(client: RawClient) -> None:
    assert shake(client) == 0
    began = time.monotonic()
    found = client.answer_to(AUTHENTICATE, 2, auth_bytes=MALLORY)
    assert time.monotonic() - began >= 0.03
    assert found["error_code"] == 58
    assert found["auth_bytes"] == b""
    assert closed(client)


def test_what_comes_after_a_failure_is_not_answered(client: RawClient) -> None:
    """Though it came before the connection was closed, and says the right password."""
    assert shake(client) == 0
    assert say(client, MALLORY) == 58
    client.send(HANDSHAKE, 1, mechanism="PLAIN")
    client.send(AUTHENTICATE, 2, auth_bytes=ALICE)
    client.send(ApiKey.METADATA, 12, topics=None)
    assert closed(client)


@pytest.mark.parametrize("asked", [ApiKey.METADATA, ApiKey.PRODUCE, ApiKey.FIND_COORDINATOR])
def test_nothing_is_answered_before(client: RawClient, asked: ApiKey) -> None:
    client._socket.sendall(struct.pack(">ihhih", 10, asked, 9, 7, -1))
    assert closed(client)


def test_bare_tokens_after_the_oldest_handshake(client: RawClient) -> None:
    assert shake(client, version=0) == 0
    assert frame(client, ALICE) == b""
    assert client.answer_to(ApiKey.METADATA, 12, topics=None)["topics"] == []


def test_bare_tokens_of_who_lies(client: RawClient) -> None:
    assert shake(client, version=0) == 0
    client._socket.sendall(struct.pack(">i", len(MALLORY)) + MALLORY)
    assert closed(client)


def test_it_expires_and_may_be_renewed(tmp_path_factory: pytest.TempPathFactory) -> None:
    more = {"listeners": LISTENERS, "connections.max.reauth.ms": "200"}
    with running(tmp_path_factory.mktemp("short"), **{**SETTINGS, **more}) as broker:
        port = broker.ports["SASL_PLAINTEXT"]
        with Named(port, "alice") as forgotten, Named(port, "alice") as renewed:
            time.sleep(0.25)
            forgotten.send(ApiKey.METADATA, 12, topics=None)
            assert closed(forgotten)
            assert shake(renewed) == 0
            found = renewed.answer_to(AUTHENTICATE, 2, auth_bytes=ALICE)
            assert (found["error_code"], found["session_lifetime"]) == (0, 200)
            # It stays the same user's.
            assert shake(renewed) == 0
            assert say(renewed, b"\0admin\0admin-secret") == 58
            assert closed(renewed)


def test_scram_on_the_wire(tmp_path_factory: pytest.TempPathFactory) -> None:
    more = {"listeners": LISTENERS, "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN"}
    with running(tmp_path_factory.mktemp("scram"), **{**SETTINGS, **more}) as broker:
        for version in (0, 1):
            with RawClient(broker.ports["SASL_PLAINTEXT"]) as client:
                assert shake(client, version, "SCRAM-SHA-512") == 0
                said = ScramClient("SCRAM-SHA-512", "nobody", "x")
                if version:
                    first = client.answer_to(AUTHENTICATE, 2, auth_bytes=said.first())
                    assert say(client, said.final(first["auth_bytes"])) == 58
                else:
                    final = said.final(frame(client, said.first()))
                    client._socket.sendall(struct.pack(">i", len(final)) + final)
                assert closed(client)
