"""What who asks may do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from broker.errors import ErrorCode
from broker.events import Event, tell
from broker.security.acls import CLUSTER_NAME, SUPPORTED, Operation, ResourceType
from broker.server.dispatch import Request

FAILED = {
    ResourceType.TOPIC: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ResourceType.GROUP: ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ResourceType.CLUSTER: ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    ResourceType.TRANSACTIONAL_ID: ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
"""What somebody is told who may not, by what it was about."""

NOBODY_ASKED = -(1 << 31)
"""What stands for operations that nobody asked about."""


def allows(
    request: Request, operation: Operation, resource: ResourceType, name: str = CLUSTER_NAME
) -> bool:
    """Whether who asks may do this; all may do everything where there is no authorizer."""
    authorizer, caller = request.broker.access.authorizer, request.caller
    return authorizer is None or authorizer.allows(
        caller.principal, caller.host, operation, resource, name
    )


def may(
    request: Request, operation: Operation, resource: ResourceType, name: str = CLUSTER_NAME
) -> bool:
    """The same, where a refusal is told, and noted."""
    allowed = allows(request, operation, resource, name)
    if not allowed:
        tell(
            Event.DENIED,
            principal=request.caller.principal,
            client=request.host,
            operation=operation.name,
            resource=resource.name,
            name=name,
        )
    return allowed


def reader(request: Request) -> Callable[[str], bool] | None:
    """Whether who asks may read a topic; None where all may."""
    if request.broker.access.authorizer is None:
        return None
    return partial(may, request, Operation.READ, ResourceType.TOPIC)


def operations(request: Request, resource: ResourceType, name: str = CLUSTER_NAME) -> int:
    """What who asks may do to this, a bit for each operation."""
    return sum(1 << each for each in SUPPORTED[resource] if allows(request, each, resource, name))


def cluster_operations(request: Request) -> int:
    """What who asks may do to the cluster: nothing that it is told, if it may not describe it."""
    if not may(request, Operation.DESCRIBE, ResourceType.CLUSTER):
        return 0
    return operations(request, ResourceType.CLUSTER)
