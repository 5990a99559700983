"""SCRAM: a user proves to know a password that is never sent, and that the server does not keep.

    client   n,,n=alice,r=<its nonce>
    server   r=<both nonces>,s=<salt>,i=<iterations>
    client   c=biws,r=<both nonces>,p=<proof>
    server   v=<signature>

What is kept of a password is salted and hashed, and tells who steals it no more than how to find
out by guessing.  Somebody whom nobody knows goes through the same exchange with a decoy: a salt
that is always the same for that name, and a proof that cannot succeed.

As with Kafka, nothing is bound to the channel (a client that asks for it, or says that it could, is
refused), names and passwords are taken as they are, without SASLprep, and there are no extensions.

Source: RFC 5802, RFC 7677; SHA-512 as Kafka has it.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

HASHES: Mapping[str, str] = MappingProxyType({"SCRAM-SHA-256": "sha256", "SCRAM-SHA-512": "sha512"})
"""The hash of each mechanism."""

LEAST_ITERATIONS, MOST_ITERATIONS = 4096, 16_384
SALT = 16
"""Bytes of a salt that is made here."""

_HEADER = "n,,"
_NAME = r"(?:[^=,\x00]|=2C|=3D)+"
_NONCE = r"[\x21-\x2b\x2d-\x7e]+"
_FIRST = re.compile(
    rf"(?P<header>n,(?:a=(?P<other>{_NAME}))?,)(?P<bare>n=(?P<name>{_NAME}),r=(?P<nonce>{_NONCE}))"
)
_FINAL = re.compile(
    rf"(?P<bare>c=(?P<channel>[A-Za-z0-9+/=]*),r=(?P<nonce>{_NONCE})),p=(?P<proof>[A-Za-z0-9+/=]+)"
)


class Rejected(Exception):  # noqa: N818 - an answer, not a fault
    """A client that has not proved to be who it says; the message tells it no more than it may."""


@dataclass(frozen=True)
class Credential:
    """What is kept of a password."""

    salt: bytes = field(repr=False)
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)
    iterations: int

    @classmethod
    def of_password(
        cls, mechanism: str, password: str, salt: bytes, iterations: int = LEAST_ITERATIONS
    ) -> Credential:
        """What is kept of this password."""
        salted = hashlib.pbkdf2_hmac(HASHES[mechanism], password.encode(), salt, iterations)
        return cls.of_salted(mechanism, salted, salt, iterations)

    @classmethod
    def of_salted(cls, mechanism: str, salted: bytes, salt: bytes, iterations: int) -> Credential:
        """What is kept of a password that somebody else has salted."""
        kind = HASHES[mechanism]
        client_key = hmac.digest(salted, b"Client Key", kind)
        server_key = hmac.digest(salted, b"Server Key", kind)
        return cls(salt, hashlib.new(kind, client_key).digest(), server_key, iterations)


def decoy(mechanism: str, name: str, secret: bytes, iterations: int) -> Credential:
    """What stands in for somebody whom nobody knows; no password has it.

    secret  of this server, so that nobody else can tell a decoy
    """
    kind = HASHES[mechanism]

    def drawn(what: str) -> bytes:
        return hmac.digest(secret, f"{what} {mechanism} {name}".encode(), kind)

    return Credential(drawn("salt")[:SALT], drawn("stored"), drawn("server"), iterations)


class Exchange:
    """One client's attempt, on the server's side.

    find   what is kept of somebody's password; of nobody's, a decoy
    nonce  that was never used before
    """

    def __init__(self, mechanism: str, find: Callable[[str], Credential], nonce: str) -> None:
        self._kind = HASHES[mechanism]
        self._find, self._nonce = find, nonce
        self._name = self._channel = self._said = ""
        self._credential: Credential | None = None
        self.user: str | None = None

    def respond(self, token: bytes) -> bytes:
        """The answer to what the client says; `user` is there once it has proved to be one."""
        try:
            text = token.decode()
        except UnicodeDecodeError as error:
            raise Rejected("a SCRAM message that is no text") from error
        if self._credential is None:
            return self._begin(text).encode()
        return self._verify(text, self._credential).encode()

    def _begin(self, text: str) -> str:
        found = _FIRST.fullmatch(text)
        if found is None:
            raise Rejected("a SCRAM message that cannot be read, or that asks for an extension")
        self._name = _plain(found["name"])
        if found["other"] is not None and _plain(found["other"]) != self._name:
            raise Rejected("a user may act for nobody else")
        self._channel = b64encode(found["header"].encode()).decode()
        self._nonce = found["nonce"] + self._nonce
        self._credential = self._find(self._name)
        salt = b64encode(self._credential.salt).decode()
        answer = f"r={self._nonce},s={salt},i={self._credential.iterations}"
        self._said = f"{found['bare']},{answer}"
        return answer

    def _verify(self, text: str, credential: Credential) -> str:
        found = _FINAL.fullmatch(text)
        if found is None:
            raise Rejected("a SCRAM message that cannot be read")
        if found["nonce"] != self._nonce or found["channel"] != self._channel:
            raise Rejected("a SCRAM message that belongs to another exchange")
        try:
            proof = b64decode(found["proof"], validate=True)
        except Error as error:
            raise Rejected("a SCRAM proof that is no base64") from error
        said = f"{self._said},{found['bare']}".encode()
        signature = hmac.digest(credential.stored_key, said, self._kind)
        if len(proof) != len(signature):
            raise Rejected("invalid credentials")
        client_key = bytes(a ^ b for a, b in zip(proof, signature, strict=True))
        stored_key = hashlib.new(self._kind, client_key).digest()
        if not hmac.compare_digest(stored_key, credential.stored_key):
            raise Rejected("invalid credentials")
        self.user = self._name
        proved = b64encode(hmac.digest(credential.server_key, said, self._kind)).decode()
        return f"v={proved}"


def _plain(name: str) -> str:
    return name.replace("=2C", ",").replace("=3D", "=")
