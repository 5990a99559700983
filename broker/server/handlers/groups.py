"""Groups and their classic members: from the messages on the wire to the coordinator and back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from broker.errors import ErrorCode
from broker.groups import requests as asked
from broker.security.acls import ResourceType
from broker.server.coordination import after
from broker.server.dispatch import Answer, Handler, Request
from broker.server.guards.rights import NOBODY_ASKED, operations
from broker.wire.apis import ApiKey

Later = Answer | asyncio.Future[Answer]
GROUP, TRANSACTION = 0, 1
TOGETHER = 4
"""The first version of FindCoordinator that asks about several keys."""

NONE = ErrorCode.NONE


# Who coordinates ------------------------------------------------------------------------------


def find_coordinator(request: Request) -> Answer:
    """All is coordinated here; the coordinator's topic is made if it is missing."""
    body = request.body
    several = request.version >= TOGETHER
    keys = body.coordinator_keys if several else [body.key]
    error = _no_coordinator(request, body.key_type)
    found = [_coordinator(request, key, body.key_type, error) for key in keys]
    return {"coordinators": found} if several else found[0]


def _no_coordinator(request: Request, kind: int) -> ErrorCode:
    """Why nobody coordinates what is of this kind."""
    if kind not in {GROUP, TRANSACTION}:
        return ErrorCode.INVALID_REQUEST
    broker = request.broker
    available = (broker.groups if kind == GROUP else broker.transactions).available
    return NONE if available else ErrorCode.COORDINATOR_NOT_AVAILABLE


def _coordinator(request: Request, key: str, kind: int, error: ErrorCode) -> dict[str, Any]:
    broker = request.broker
    if kind == TRANSACTION and not key:
        error = ErrorCode.INVALID_REQUEST
    known = error is NONE
    host, port = request.caller.listener.told
    return {
        "key": key,
        "node_id": broker.node_id if known else -1,
        "host": host if known else "",
        "port": port if known else -1,
        "error_code": error,
        # Nothing is wrong: Kafka says so in words, and since keys are asked about together in none.
        "error_message": "" if known and request.version >= TOGETHER else error.name,
    }


# Members --------------------------------------------------------------------------------------


def join(request: Request) -> Later:
    """A member joins."""
    body = request.body
    session = body.session_timeout
    wanted = asked.JoinGroup(
        version=request.version,
        group=body.group_id,
        member_id=body.member_id,
        session_timeout=session,
        rebalance_timeout=body.rebalance_timeout if request.version else session,
        protocol_type=body.protocol_type,
        protocols=tuple(asked.Protocol(p.name, bytes(p.metadata)) for p in body.protocols),
        instance_id=body.group_instance_id,
        client_id=request.client_id,
        client_host=f"/{request.host}",
    )

    def answer(found: asked.JoinGroupResponse) -> Answer:
        nothing = None if request.version >= 7 else ""  # noqa: PLR2004 - may be null since
        return {
            "error_code": found.error,
            "generation_id": found.generation,
            "protocol_type": found.protocol_type,
            "protocol_name": nothing if found.protocol_name is None else found.protocol_name,
            "leader": found.leader,
            "skip_assignment": found.skip_assignment,
            "member_id": found.member_id,
            "members": [
                {
                    "member_id": member.member_id,
                    "group_instance_id": member.instance_id,
                    "metadata": member.metadata,
                }
                for member in found.members
            ],
        }

    return after(request.broker.groups.ask(wanted), answer)


def sync(request: Request) -> Later:
    """A member asks for its assignment."""
    body = request.body
    if request.version >= 5 and (body.protocol_type is None or body.protocol_name is None):  # noqa: PLR2004
        return {"error_code": ErrorCode.INCONSISTENT_GROUP_PROTOCOL, "assignment": b""}
    wanted = asked.SyncGroup(
        version=request.version,
        group=body.group_id,
        generation=body.generation_id,
        member_id=body.member_id,
        instance_id=body.group_instance_id,
        protocol_type=body.protocol_type,
        protocol_name=body.protocol_name,
        assignments=tuple((each.member_id, bytes(each.assignment)) for each in body.assignments),
    )

    def answer(found: asked.SyncGroupResponse) -> Answer:
        return {
            "error_code": found.error,
            "protocol_type": found.protocol_type,
            "protocol_name": found.protocol_name,
            "assignment": found.assignment,
        }

    return after(request.broker.groups.ask(wanted), answer)


def heartbeat(request: Request) -> Later:
    """A member is alive."""
    body = request.body
    wanted = asked.Heartbeat(
        body.group_id, body.generation_id, body.member_id, body.group_instance_id
    )
    return after(request.broker.groups.ask(wanted), lambda found: {"error_code": found.error})


def leave(request: Request) -> Later:
    """Members leave; before version 3 one does, and its error is that of the whole."""
    body = request.body
    several = request.version >= 3  # noqa: PLR2004
    leavers = body.members if several else [body]
    wanted = asked.LeaveGroup(
        body.group_id,
        tuple(
            asked.Leaver(each.member_id, each.group_instance_id if several else None)
            for each in leavers
        ),
    )

    def answer(found: asked.LeaveGroupResponse) -> Answer:
        if not several and found.error is NONE and found.members:
            return {"error_code": found.members[0].error}
        return {
            "error_code": found.error,
            "members": [
                {
                    "member_id": each.member_id,
                    "group_instance_id": each.instance_id,
                    "error_code": each.error,
                }
                for each in found.members
            ],
        }

    return after(request.broker.groups.ask(wanted), answer)


# Groups ---------------------------------------------------------------------------------------


def describe(request: Request) -> Later:
    """What groups are doing."""
    wanted = asked.DescribeGroups(request.version, tuple(request.body.groups))

    def answer(found: asked.DescribeGroupsResponse) -> Answer:
        return {"groups": [_described(request, each) for each in found.groups]}

    return after(request.broker.groups.ask(wanted), answer)


def _described(request: Request, group: asked.DescribedGroup) -> dict[str, Any]:
    return {
        "error_code": group.error,
        "error_message": group.message,
        "group_id": group.group,
        "group_state": group.state,
        "protocol_type": group.protocol_type,
        "protocol_data": group.protocol,
        "members": [
            {
                "member_id": member.member_id,
                "group_instance_id": member.instance_id,
                "client_id": member.client_id,
                "client_host": member.client_host,
                "member_metadata": member.metadata,
                "member_assignment": member.assignment,
            }
            for member in group.members
        ],
        "authorized_operations": group_operations(request, group.group, group.error),
    }


def group_operations(request: Request, group: str, error: ErrorCode) -> int:
    """What who asks may do to a group that there is, if he wants to know."""
    if error is not NONE or not getattr(request.body, "include_authorized_operations", False):
        return NOBODY_ASKED
    return operations(request, ResourceType.GROUP, group)


def list_groups(request: Request) -> Later:
    """Which groups there are."""
    body = request.body
    wanted = asked.ListGroups(tuple(body.states_filter), tuple(body.types_filter))

    def answer(found: asked.ListGroupsResponse) -> Answer:
        return {
            "error_code": found.error,
            "groups": [
                {
                    "group_id": each.group,
                    "protocol_type": each.protocol_type,
                    "group_state": each.state,
                    "group_type": each.type,
                }
                for each in found.groups
            ],
        }

    return after(request.broker.groups.ask(wanted), answer)


def delete_groups(request: Request) -> Later:
    """Let groups be no more."""
    wanted = asked.DeleteGroups(tuple(request.body.groups_names))

    def answer(found: asked.DeleteGroupsResponse) -> Answer:
        return {
            "results": [{"group_id": name, "error_code": error} for name, error in found.groups]
        }

    return after(request.broker.groups.ask(wanted), answer)


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.FIND_COORDINATOR: find_coordinator,
    ApiKey.JOIN_GROUP: join,
    ApiKey.SYNC_GROUP: sync,
    ApiKey.HEARTBEAT: heartbeat,
    ApiKey.LEAVE_GROUP: leave,
    ApiKey.DESCRIBE_GROUPS: describe,
    ApiKey.LIST_GROUPS: list_groups,
    ApiKey.DELETE_GROUPS: delete_groups,
}
