"""What is kept of security from one start to the next: ACLs, and what SCRAM needs of passwords.

One file of JSON, `security.json`.  Who may read it can try passwords against it, though none is in
it: it is for the broker's user alone.

    {"version": 1, "secret": base64,
     "acls": [["TOPIC", "orders", "LITERAL", "User:alice", "*", "READ", "ALLOW"], …],
     "scram": {"SCRAM-SHA-256": {"alice": [salt, stored key, server key, iterations]}, …}}

secret  draws the decoys of users whom nobody knows
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from broker.security.acls import Acl, Operation, PatternType, Permission, ResourceType
from broker.security.scram import HASHES, LEAST_ITERATIONS, Credential, decoy

FILE, VERSION = "security.json", 1


@dataclass
class Store:
    """All of it.

    scram  credentials by mechanism and user
    """

    secret: bytes = field(repr=False)
    acls: list[Acl] = field(default_factory=list)
    scram: dict[str, dict[str, Credential]] = field(default_factory=dict)

    def credential(self, mechanism: str, name: str) -> Credential:
        """What is kept of a user's password; of one whom nobody knows, a decoy.

        A decoy has as many iterations as one of the users has, so that they do not tell it; and it
        is made in any case, so that the time does not either.
        """
        known = self.scram.get(mechanism, {})
        numbers = sorted(each.iterations for each in known.values()) or [LEAST_ITERATIONS]
        drawn = decoy(mechanism, name, self.secret, LEAST_ITERATIONS)
        iterations = numbers[int.from_bytes(drawn.server_key[:8], "big") % len(numbers)]
        return known.get(name, decoy(mechanism, name, self.secret, iterations))

    def encode(self) -> bytes:
        """What the file holds."""
        acls = [
            [acl.resource.name, acl.name, acl.pattern.name, acl.principal, acl.host,
             acl.operation.name, acl.permission.name]
            for acl in self.acls
        ]  # fmt: skip
        scram = {
            mechanism: {
                user: [_text(c.salt), _text(c.stored_key), _text(c.server_key), c.iterations]
                for user, c in users.items()
            }
            for mechanism, users in self.scram.items()
        }
        found = {"version": VERSION, "secret": _text(self.secret), "acls": acls, "scram": scram}
        return json.dumps(found, indent=1).encode()


def decode(data: bytes) -> Store:
    """What a file holds; ValueError where it cannot be read, or is of a newer version."""
    try:
        found = json.loads(data)
        if found["version"] > VERSION:
            raise ValueError(
                f"it is of version {found['version']}, and this broker reads {VERSION}"
            )
        acls = [
            Acl(ResourceType[resource], name, PatternType[pattern], principal, host,
                Operation[operation], Permission[permission])
            for resource, name, pattern, principal, host, operation, permission in found["acls"]
        ]  # fmt: skip
        scram = {
            mechanism: {
                user: Credential(b64decode(salt), b64decode(stored), b64decode(server), iterations)
                for user, (salt, stored, server, iterations) in found["scram"][mechanism].items()
            }
            for mechanism in HASHES
            if mechanism in found["scram"]
        }
        return Store(b64decode(found["secret"]), acls, scram)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{type(error).__name__} where something else is expected") from error


def _text(data: bytes) -> str:
    return b64encode(data).decode()
