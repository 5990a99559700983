"""SCRAM against the example of its RFC, against a client of a few lines, and against liars."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.security.scram import HASHES, Credential, Exchange, Rejected
from broker.security.store import Store, decode

SALT = b64decode("W22ZaJ0SNY7soEsUEjb6gQ==")
EXAMPLE = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
each_mechanism = pytest.mark.parametrize("mechanism", list(HASHES))


def store(mechanism: str = "SCRAM-SHA-256", **passwords: str) -> Store:
    users = {
        name: Credential.of_password(mechanism, password, SALT)
        for name, password in passwords.items()
    }
    return Store(b"secret of this server", scram={mechanism: users})


def exchange(kept: Store, mechanism: str = "SCRAM-SHA-256", nonce: str = "server") -> Exchange:
    return Exchange(mechanism, lambda name: kept.credential(mechanism, name), nonce)


class Client:
    """What a client says; it checks the server's signature."""

    def __init__(self, mechanism: str, name: str, password: str, header: str = "n,,") -> None:
        self._kind, self._password, self._header = HASHES[mechanism], password, header
        self._bare = f"n={name.replace('=', '=3D').replace(',', '=2C')},r=client"

    def first(self) -> bytes:
        return (self._header + self._bare).encode()

    def final(self, answer: bytes, channel: str | None = None) -> bytes:
        fields = dict(part.split("=", 1) for part in answer.decode().split(","))
        salted = hashlib.pbkdf2_hmac(
            self._kind, self._password.encode(), b64decode(fields["s"]), int(fields["i"])
        )
        bound = b64encode((channel or self._header).encode()).decode()
        without = f"c={bound},r={fields['r']}"
        said = f"{self._bare},{answer.decode()},{without}".encode()
        key = hmac.digest(salted, b"Client Key", self._kind)
        signature = hmac.digest(hashlib.new(self._kind, key).digest(), said, self._kind)
        proof = bytes(a ^ b for a, b in zip(key, signature, strict=True))
        server_key = hmac.digest(salted, b"Server Key", self._kind)
        self.expected = hmac.digest(server_key, said, self._kind)
        return f"{without},p={b64encode(proof).decode()}".encode()

    def accepts(self, answer: bytes) -> bool:
        return answer == b"v=" + b64encode(self.expected)


def attempt(kept: Store, name: str, password: str, mechanism: str = "SCRAM-SHA-256") -> str | None:
    client, server = Client(mechanism, name, password), exchange(kept, mechanism)
    assert client.accepts(server.respond(client.final(server.respond(client.first()))))
    return server.user


def test_the_example_of_the_rfc() -> None:
    server = exchange(store(user="pencil"), nonce=EXAMPLE)
    nonce = f"rOprNGfwEbeRWgbNEkqO{EXAMPLE}"
    first = server.respond(b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO")
    assert first.decode() == f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    proof = "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    last = server.respond(f"c=biws,r={nonce},p={proof}".encode())
    assert last == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    assert server.user == "user"


@each_mechanism
@pytest.mark.parametrize("name", ["alice", "a=b,c", "ältere 名"])
def test_who_knows_the_password_is_known(mechanism: str, name: str) -> None:
    assert attempt(store(mechanism, **{name: "päss,w=ord"}), name, "päss,w=ord", mechanism) == name


@each_mechanism
def test_a_wrong_password_and_a_wrong_name_are_told_alike(mechanism: str) -> None:
    kept, said = store(mechanism, alice="right"), []
    for name, password in (("alice", "wrong"), ("bob", "right")):
        with pytest.raises(Rejected) as rejected:
            attempt(kept, name, password, mechanism)
        said.append(str(rejected.value))
    assert said == ["invalid credentials"] * 2


def test_a_decoy_is_like_a_user() -> None:
    """The same salt each time, of the same length, and an iteration count that some user has."""
    kept = store(alice="right")
    kept.scram["SCRAM-SHA-256"]["carol"] = Credential.of_password(
        "SCRAM-SHA-256", "x", bytes(16), 8192
    )
    names = [f"nobody-{number}" for number in range(40)]
    drawn = {name: kept.credential("SCRAM-SHA-256", name) for name in names}
    again = decode(kept.encode())
    assert all(again.credential("SCRAM-SHA-256", name) == drawn[name] for name in names)
    assert len({each.salt for each in drawn.values()}) == len(names)
    assert {len(each.salt) for each in drawn.values()} == {len(SALT)}
    assert {each.iterations for each in drawn.values()} == {4096, 8192}
    other = Store(b"another server", scram=kept.scram)
    assert other.credential("SCRAM-SHA-256", names[0]) != drawn[names[0]]


@pytest.mark.parametrize(
    "first",
    [
        b"p=tls-unique,,n=alice,r=x",
        b"y,,n=alice,r=x",
        b"n,a=bob,n=alice,r=x",
        b"n,,m=x,n=alice,r=x",
        b"n,,n=alice,r=x,tokenauth=true",
        b"n,,n=alice",
        b"n,,n=al=ice,r=x",
        b"n,,n=alice,r=\xff",
        b"",
    ],
)
def test_what_is_no_first_message_is_refused(first: bytes) -> None:
    with pytest.raises(Rejected):
        exchange(store(alice="right")).respond(first)


def test_a_user_may_say_that_it_acts_for_itself() -> None:
    kept, header = store(alice="right"), "n,a=alice,"
    client, server = Client("SCRAM-SHA-256", "alice", "right", header), exchange(kept)
    assert client.accepts(server.respond(client.final(server.respond(client.first()))))
    server = exchange(kept)
    answer = server.respond(client.first())
    with pytest.raises(Rejected, match="another exchange"):
        server.respond(client.final(answer, channel="n,,"))


def test_a_proof_of_another_exchange_is_refused() -> None:
    kept, client = store(alice="right"), Client("SCRAM-SHA-256", "alice", "right")
    recorded = client.final(exchange(kept, nonce="first").respond(client.first()))
    server = exchange(kept, nonce="second")
    server.respond(client.first())
    with pytest.raises(Rejected, match="another exchange"):
        server.respond(recorded)


@given(st.binary(max_size=80))
def test_any_answer_is_right_or_refused(token: bytes) -> None:
    server = exchange(store(alice="right"))
    server.respond(b"n,,n=alice,r=client")
    with pytest.raises(Rejected):
        server.respond(token)
    assert server.user is None


def test_what_is_kept_has_no_password_and_does_not_show_its_keys() -> None:
    kept = store(alice="correct horse")
    assert b"correct horse" not in kept.encode()
    credential = kept.credential("SCRAM-SHA-256", "alice")
    assert repr(credential) == "Credential(iterations=4096)"
    assert "secret" not in repr(kept)
