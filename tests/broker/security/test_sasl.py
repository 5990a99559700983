"""The state of an authentication, and the mechanism PLAIN."""

from __future__ import annotations

import pytest

from broker.errors import ErrorCode, Refused
from broker.security import plain
from broker.security.sasl import NotNow, Sasl
from broker.security.scram import Rejected
from broker.wire.apis import ApiKey

USERS = {"alice": "right", "bob": "other"}


def sasl(lifetime: int = 0) -> Sasl:
    return Sasl({"PLAIN": lambda: plain.Exchange(USERS), "X": lambda: plain.Exchange({})}, lifetime)


def say(name: str, password: str, other: str = "") -> bytes:
    return f"{other}\0{name}\0{password}".encode()


def authenticated(lifetime: int = 0) -> Sasl:
    found = sasl(lifetime)
    found.begin("PLAIN", 1)
    assert found.respond(say("alice", "right"), 1000) == b""
    return found


def refused(error: ErrorCode, found: Sasl, mechanism: str) -> None:
    with pytest.raises(Refused) as refusal:
        found.begin(mechanism, 1)
    assert refusal.value.error is error


def test_nothing_is_answered_before_but_what_leads_to_it() -> None:
    found = sasl()
    for key in (ApiKey.API_VERSIONS, ApiKey.SASL_HANDSHAKE, ApiKey.SASL_AUTHENTICATE):
        found.admit(key, 0)
    for key in set(ApiKey) - {
        ApiKey.API_VERSIONS,
        ApiKey.SASL_HANDSHAKE,
        ApiKey.SASL_AUTHENTICATE,
    }:
        with pytest.raises(NotNow, match=key.name):
            found.admit(key, 0)
    found.begin("PLAIN", 1)
    with pytest.raises(NotNow):
        found.admit(ApiKey.METADATA, 0)


def test_it_is_good_for_as_long_as_the_connection() -> None:
    found = authenticated()
    assert found.principal == "User:alice"
    found.admit(ApiKey.PRODUCE, 1 << 50)
    assert found.left(1 << 50) == 0
    refused(ErrorCode.ILLEGAL_SASL_STATE, found, "PLAIN")


def test_a_mechanism_that_is_not_enabled_is_refused() -> None:
    found = sasl()
    refused(ErrorCode.UNSUPPORTED_SASL_MECHANISM, found, "GSSAPI")
    with pytest.raises(Refused):
        found.respond(b"", 0)


def test_one_exchange_at_a_time() -> None:
    found = sasl()
    found.begin("PLAIN", 1)
    refused(ErrorCode.ILLEGAL_SASL_STATE, found, "PLAIN")


def test_it_expires_and_is_renewed() -> None:
    found = authenticated(lifetime=500)
    assert found.left(1200) == 300
    found.admit(ApiKey.PRODUCE, 1499)
    with pytest.raises(NotNow, match="expired"):
        found.admit(ApiKey.PRODUCE, 1500)
    found.begin("PLAIN", 1)
    with pytest.raises(NotNow):
        found.admit(ApiKey.PRODUCE, 1400)
    found.respond(say("alice", "right"), 2000)
    found.admit(ApiKey.PRODUCE, 2499)


def test_who_renews_it_stays_the_same_and_with_the_same_mechanism() -> None:
    found = authenticated(lifetime=500)
    refused(ErrorCode.UNSUPPORTED_SASL_MECHANISM, found, "X")
    found.begin("PLAIN", 1)
    with pytest.raises(Rejected, match="stays"):
        found.respond(say("bob", "other"), 1100)
    assert found.principal == "User:alice"


def test_the_old_handshake_is_followed_by_bare_tokens() -> None:
    found = sasl()
    found.begin("PLAIN", 0)
    assert found.raw
    found.respond(say("alice", "right"), 0)
    assert not found.raw


@pytest.mark.parametrize(
    "token",
    [
        say("alice", "wrong"),
        say("alice", "right "),
        say("nobody", "right"),
        say("nobody", ""),
        say("", "right"),
        say("alice", "right", other="bob"),
        b"alice\0right",
        b"\0alice\0right\0",
        b"\0\xff\0right",
        b"",
    ],
)
def test_what_plain_refuses(token: bytes) -> None:
    exchange = plain.Exchange(USERS)
    with pytest.raises(Rejected):
        exchange.respond(token)
    assert exchange.user is None


def test_what_plain_accepts() -> None:
    exchange = plain.Exchange(USERS)
    exchange.respond(say("alice", "right", other="alice"))
    assert exchange.user == "alice"
