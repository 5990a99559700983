"""PLAIN: a user says a name and a password; TLS is to see that nobody else hears it.

    [who to act for] NUL name NUL password

Passwords are compared in a time that does not depend on how much of them is right, and a name that
nobody has takes as long as a wrong password.

Source: RFC 4616.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from hashlib import sha256

from broker.security.scram import Rejected

MECHANISM = "PLAIN"
PARTS = 3


def _digest(password: str) -> bytes:
    """What is compared in place of a password, whose length is nobody's business."""
    return sha256(password.encode()).digest()


class Exchange:
    """One client's attempt, on the server's side.

    users  passwords by name
    """

    def __init__(self, users: Mapping[str, str]) -> None:
        self._users = users
        self.user: str | None = None

    def respond(self, token: bytes) -> bytes:
        """Nothing, once `user` has said the right password."""
        parts = token.split(b"\0")
        if len(parts) != PARTS or not parts[1] or not parts[2]:
            raise Rejected("a PLAIN message is a name and a password")
        try:
            other, name, password = (part.decode() for part in parts)
        except UnicodeDecodeError as error:
            raise Rejected("a PLAIN message that is no text") from error
        expected = self._users.get(name, "")
        right = hmac.compare_digest(_digest(password), _digest(expected))
        if not right or name not in self._users:
            raise Rejected("Invalid username or password")
        if other not in {"", name}:
            raise Rejected("a user may act for nobody else")
        self.user = name
        return b""
