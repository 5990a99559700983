"""Whether somebody may do something: the decisions of Kafka's StandardAuthorizer.

- Who is a super user may do everything.
- Otherwise the entries count whose pattern matches the resource.  One that denies wins over all
  that allow; where none says anything about who asks, it is refused.
- Where no entry's pattern matches, it is refused too, unless `everyone`
  (allow.everyone.if.no.acl.found).

What allows to READ, WRITE, DELETE or ALTER allows to DESCRIBE, and what allows to ALTER_CONFIGS to
DESCRIBE_CONFIGS; what denies denies just what it names.

Entries are found by their resource's name, and by its beginnings of the lengths that there are, so
that a decision does not take longer the more entries there are about other things.

Source: Kafka's StandardAuthorizer; `allows_any` is the default of its interface.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from broker.security.acls import (
    ANYTHING,
    EVERYONE,
    Acl,
    Operation,
    PatternType,
    Permission,
    ResourceType,
)

_OP = Operation
_ALLOWED_BY = {
    _OP.DESCRIBE: frozenset({_OP.DESCRIBE, _OP.READ, _OP.WRITE, _OP.DELETE, _OP.ALTER, _OP.ALL}),
    _OP.DESCRIBE_CONFIGS: frozenset({_OP.DESCRIBE_CONFIGS, _OP.ALTER_CONFIGS, _OP.ALL}),
}
Key = tuple[ResourceType, PatternType, str]


class Authorizer:
    """All entries, and what follows from them."""

    def __init__(
        self, acls: Iterable[Acl] = (), super_users: Iterable[str] = (), *, everyone: bool = False
    ) -> None:
        self._super, self._everyone = frozenset(super_users), everyone
        self._entries: dict[Key, set[Acl]] = {}
        self._lengths: dict[ResourceType, Counter[int]] = {}
        for acl in acls:
            self.add(acl)

    # Entries ----------------------------------------------------------------------------------

    def __iter__(self) -> Iterator[Acl]:
        """All entries, in order."""
        return iter(sorted(acl for entries in self._entries.values() for acl in entries))

    def add(self, acl: Acl) -> None:
        """Let an entry hold."""
        entries = self._entries.setdefault(_key(acl), set())
        if acl not in entries:
            entries.add(acl)
            if acl.pattern is PatternType.PREFIXED:
                self._lengths.setdefault(acl.resource, Counter())[len(acl.name)] += 1

    def remove(self, acl: Acl) -> None:
        """Let an entry hold no longer."""
        entries = self._entries[_key(acl)]
        entries.remove(acl)
        if not entries:
            del self._entries[_key(acl)]
        if acl.pattern is PatternType.PREFIXED:
            lengths = self._lengths[acl.resource]
            lengths[len(acl.name)] -= 1
            self._lengths[acl.resource] = +lengths

    # Decisions --------------------------------------------------------------------------------

    def allows(
        self, principal: str, host: str, operation: Operation, resource: ResourceType, name: str
    ) -> bool:
        """Whether somebody may do this to the resource of this name."""
        if principal in self._super:
            return True
        found = allowed = False
        for acl in self._matching(resource, name):
            found = True
            if not _concerns(acl, principal, host):
                continue
            if acl.permission is Permission.DENY:
                if acl.operation in {operation, Operation.ALL}:
                    return False
            elif acl.operation in _ALLOWED_BY.get(operation, {operation, Operation.ALL}):
                allowed = True
        return allowed if found else self._everyone

    def _matching(self, resource: ResourceType, name: str) -> Iterator[Acl]:
        yield from self._entries.get((resource, PatternType.LITERAL, name), ())
        if name != ANYTHING:
            yield from self._entries.get((resource, PatternType.LITERAL, ANYTHING), ())
        for length in self._lengths.get(resource, ()):
            if length <= len(name):
                yield from self._entries.get((resource, PatternType.PREFIXED, name[:length]), ())

    def allows_any(
        self, principal: str, host: str, operation: Operation, resource: ResourceType
    ) -> bool:
        """Whether there may be a resource of this type that somebody may do this to."""
        if self.allows(principal, host, operation, resource, "hardcode"):
            return True
        about = [
            acl
            for acl in self
            if acl.resource is resource
            and _concerns(acl, principal, host)
            and acl.operation in {operation, Operation.ALL}
        ]
        denied = [acl for acl in about if acl.permission is Permission.DENY]
        return any(
            acl.permission is Permission.ALLOW and not any(_covers(each, acl) for each in denied)
            for acl in about
        )


def _key(acl: Acl) -> Key:
    return acl.resource, acl.pattern, acl.name


def _concerns(acl: Acl, principal: str, host: str) -> bool:
    return acl.principal in {principal, EVERYONE} and acl.host in {host, ANYTHING}


def _covers(denied: Acl, allowed: Acl) -> bool:
    """Whether what is denied leaves nothing of what is allowed."""
    if denied.pattern is PatternType.PREFIXED:
        return allowed.name.startswith(denied.name) and not _everything(allowed)
    return _everything(denied) or (denied.pattern, denied.name) == (allowed.pattern, allowed.name)


def _everything(acl: Acl) -> bool:
    return acl.pattern is PatternType.LITERAL and acl.name == ANYTHING
