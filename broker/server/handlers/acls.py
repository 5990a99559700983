"""ACLs: listed, added and removed by administrators; and kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Any, TypeVar

from broker.errors import ErrorCode
from broker.security.acls import Acl, Filter, Operation, PatternType, Permission, ResourceType
from broker.server.dispatch import Fields, Handler, Request
from broker.wire.apis import ApiKey

E = TypeVar("E", bound=IntEnum)
WITHOUT = {
    "error_code": ErrorCode.SECURITY_DISABLED,
    "error_message": "No authorizer is configured: see authorizer.class.name.",
}


def describe(request: Request) -> Fields:
    """Those that a filter means, by what they are about."""
    authorizer = request.broker.access.authorizer
    if authorizer is None:
        return WITHOUT
    wanted = _filter(request.body)
    if wanted.fault():
        return {"error_code": ErrorCode.INVALID_REQUEST, "error_message": wanted.fault()}
    resources: dict[tuple[int, str, int], list[Acl]] = {}
    for acl in authorizer:
        if wanted.matches(acl):
            resources.setdefault((acl.resource, acl.name, acl.pattern), []).append(acl)
    return {
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "resources": [
            {
                "resource_type": kind,
                "resource_name": name,
                "pattern_type": pattern,
                "acls": [_entry(acl) for acl in acls],
            }
            for (kind, name, pattern), acls in resources.items()
        ],
    }


def create(request: Request) -> Fields:
    """Add some; each is added, or is not, for itself."""
    authorizer, wanted = request.broker.access.authorizer, request.body.creations
    if authorizer is None:
        return {"results": [WITHOUT for _ in wanted]}
    acls = [_acl(each) for each in wanted]
    known = set(authorizer)
    for acl in acls:
        if not acl.fault():
            authorizer.add(acl)
    failure = _keep(request)
    if failure is not None:
        for acl in set(authorizer) - known:
            authorizer.remove(acl)
    return {"results": [_outcome(acl.fault(), failure) for acl in acls]}


def delete(request: Request) -> Fields:
    """Remove those that filters mean."""
    authorizer, filters = request.broker.access.authorizer, request.body.filters
    if authorizer is None:
        return {"filter_results": [{**WITHOUT, "matching_acls": []} for _ in filters]}
    wanted = [_filter(each) for each in filters]
    found = [
        [] if each.fault() else [acl for acl in authorizer if each.matches(acl)] for each in wanted
    ]
    gone = {acl for acls in found for acl in acls}
    for acl in gone:
        authorizer.remove(acl)
    failure = _keep(request)
    if failure is not None:
        for acl in gone:
            authorizer.add(acl)
    return {
        "filter_results": [
            {
                **_outcome(each.fault(), failure),
                "matching_acls": [] if failure else [_removed(acl) for acl in acls],
            }
            for each, acls in zip(wanted, found, strict=True)
        ]
    }


def _keep(request: Request) -> str | None:
    """Why what has changed could not be kept, or None."""
    try:
        request.broker.access.keep()
    except OSError as error:
        return error.strerror or "the disk refused"
    return None


def _outcome(fault: str | None, failure: str | None) -> dict[str, Any]:
    if fault is not None:
        return {"error_code": ErrorCode.INVALID_REQUEST, "error_message": fault}
    if failure is not None:
        return {"error_code": ErrorCode.KAFKA_STORAGE_ERROR, "error_message": failure}
    return {"error_code": ErrorCode.NONE, "error_message": None}


# On the wire ----------------------------------------------------------------------------------


def _known(kind: type[E], number: int) -> E:
    """What a number stands for; what is not known is UNKNOWN, 0."""
    return kind(number) if number in _numbers(kind) else kind(0)


def _numbers(kind: Iterable[IntEnum]) -> set[int]:
    return {int(each) for each in kind}


def _acl(each: Any) -> Acl:
    return Acl(
        _known(ResourceType, each.resource_type),
        each.resource_name,
        _known(PatternType, each.resource_pattern_type),
        each.principal,
        each.host,
        _known(Operation, each.operation),
        _known(Permission, each.permission_type),
    )


def _filter(each: Any) -> Filter:
    return Filter(
        _known(ResourceType, each.resource_type_filter),
        each.resource_name_filter,
        _known(PatternType, each.pattern_type_filter),
        each.principal_filter,
        each.host_filter,
        _known(Operation, each.operation),
        _known(Permission, each.permission_type),
    )


def _entry(acl: Acl) -> dict[str, Any]:
    return {
        "principal": acl.principal,
        "host": acl.host,
        "operation": acl.operation,
        "permission_type": acl.permission,
    }


def _removed(acl: Acl) -> dict[str, Any]:
    return {
        "error_code": ErrorCode.NONE,
        "error_message": None,
        "resource_type": acl.resource,
        "resource_name": acl.name,
        "pattern_type": acl.pattern,
        **_entry(acl),
    }


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.DESCRIBE_ACLS: describe,
    ApiKey.CREATE_ACLS: create,
    ApiKey.DELETE_ACLS: delete,
}
