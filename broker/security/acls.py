"""Access control lists: who may do what to which resource from where.

An entry allows or denies one operation, or all, to a principal, or to all (`User:*`), from a host,
or from all (`*`), on resources of one type whose name is the pattern's (LITERAL; `*`: any name), or
starts with it (PREFIXED).

The numbers are those of the protocol.  Source: KIP-290 and Kafka's protocol of ACLs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

ANYTHING = "*"
CLUSTER_NAME = "kafka-cluster"
EVERYONE = "User:*"


class ResourceType(IntEnum):
    """What is acted on."""

    UNKNOWN = 0
    ANY = 1
    TOPIC = 2
    GROUP = 3
    CLUSTER = 4
    TRANSACTIONAL_ID = 5
    DELEGATION_TOKEN = 6
    USER = 7


class PatternType(IntEnum):
    """How names are matched."""

    UNKNOWN = 0
    ANY = 1
    MATCH = 2
    LITERAL = 3
    PREFIXED = 4


class Operation(IntEnum):
    """What is done."""

    UNKNOWN = 0
    ANY = 1
    ALL = 2
    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    CLUSTER_ACTION = 9
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11
    IDEMPOTENT_WRITE = 12
    CREATE_TOKENS = 13
    DESCRIBE_TOKENS = 14
    TWO_PHASE_COMMIT = 15


class Permission(IntEnum):
    """What an entry says of it."""

    UNKNOWN = 0
    ANY = 1
    DENY = 2
    ALLOW = 3


_OP = Operation
SUPPORTED: Mapping[ResourceType, tuple[Operation, ...]] = MappingProxyType(
    {
        ResourceType.TOPIC: (
            _OP.READ, _OP.WRITE, _OP.CREATE, _OP.DESCRIBE, _OP.DELETE, _OP.ALTER,
            _OP.DESCRIBE_CONFIGS, _OP.ALTER_CONFIGS,
        ),
        ResourceType.GROUP: (
            _OP.READ, _OP.DESCRIBE, _OP.DELETE, _OP.DESCRIBE_CONFIGS, _OP.ALTER_CONFIGS,
        ),
        ResourceType.CLUSTER: (
            _OP.CREATE, _OP.CLUSTER_ACTION, _OP.DESCRIBE_CONFIGS, _OP.ALTER_CONFIGS,
            _OP.IDEMPOTENT_WRITE, _OP.ALTER, _OP.DESCRIBE,
        ),
        ResourceType.TRANSACTIONAL_ID: (_OP.DESCRIBE, _OP.WRITE, _OP.TWO_PHASE_COMMIT),
        ResourceType.DELEGATION_TOKEN: (_OP.DESCRIBE,),
        ResourceType.USER: (_OP.CREATE_TOKENS, _OP.DESCRIBE_TOKENS),
    }
)  # fmt: skip
"""What can be done to each type of resource."""


@dataclass(frozen=True, order=True)
class Acl:
    """One entry."""

    resource: ResourceType
    name: str
    pattern: PatternType
    principal: str
    host: str
    operation: Operation
    permission: Permission

    def fault(self) -> str | None:
        """Why it can be no entry, or None."""
        if self.resource in {ResourceType.UNKNOWN, ResourceType.ANY}:
            return f"Invalid resourceType {self.resource.name}"
        if self.pattern not in {PatternType.LITERAL, PatternType.PREFIXED}:
            return f"Invalid patternType {self.pattern.name}"
        if self.operation in {Operation.UNKNOWN, Operation.ANY}:
            return f"Invalid operation {self.operation.name}"
        if self.permission in {Permission.UNKNOWN, Permission.ANY}:
            return f"Invalid permissionType {self.permission.name}"
        if not self.name:
            return "Resource name should not be empty"
        if self.resource is ResourceType.CLUSTER and self.name != CLUSTER_NAME:
            return f"The only valid name for the CLUSTER resource is {CLUSTER_NAME}"
        if not all(self.principal.partition(":")):
            return "A principal is a type, a colon and a name"
        return None


@dataclass(frozen=True)
class Filter:
    """Which entries are meant; None, and ANY: whichever it is.

    MATCH means the entries that hold for the resource of this name.
    """

    resource: ResourceType
    name: str | None
    pattern: PatternType
    principal: str | None
    host: str | None
    operation: Operation
    permission: Permission

    def fault(self) -> str | None:
        """Why nothing can be looked for so, or None."""
        parts = (self.resource, self.pattern, self.operation, self.permission)
        unknown = [part for part in parts if part == 0]
        return f"unknown {type(unknown[0]).__name__}" if unknown else None

    def matches(self, acl: Acl) -> bool:
        """Whether this entry is meant."""
        return (
            self.resource in {ResourceType.ANY, acl.resource}
            and self.principal in {None, acl.principal}
            and self.host in {None, acl.host}
            and self.operation in {Operation.ANY, acl.operation}
            and self.permission in {Permission.ANY, acl.permission}
            and self._matches_name(acl)
        )

    def _matches_name(self, acl: Acl) -> bool:
        if self.pattern not in {PatternType.ANY, PatternType.MATCH, acl.pattern}:
            return False
        if self.name in {None, acl.name}:
            return True
        if self.pattern is not PatternType.MATCH or self.name is None:
            return False
        if acl.pattern is PatternType.PREFIXED:
            return self.name.startswith(acl.name)
        return acl.name == ANYTHING
