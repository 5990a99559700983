"""Which heartbeats mean something, and whose epoch is its own."""

from __future__ import annotations

from broker.errors import ErrorCode, Refused
from broker.groups.consumer.group import Member
from broker.groups.consumer.reconcile import Owned
from broker.groups.consumer.requests import (
    JOIN,
    LEAVE,
    LEAVE_FOR_NOW,
    ConsumerGroupHeartbeat,
    ConsumerGroupHeartbeatResponse,
)
from broker.patterns import Invalid, compiled

NAMES_ITSELF = 1
"""The first version in which a member chooses its own id."""


SENTENCES = {
    ErrorCode.GROUP_ID_NOT_FOUND: "Group {group} is not a consumer group.",
    ErrorCode.UNKNOWN_MEMBER_ID: "Member {member_id} is not a member of group {group}.",
    ErrorCode.FENCED_MEMBER_EPOCH: "Member {member_id} is not at epoch {member_epoch}: "
    "it must give its partitions up and join again.",
    ErrorCode.FENCED_INSTANCE_ID: "Another member goes by the instance id {instance_id}.",
    ErrorCode.UNRELEASED_INSTANCE_ID: "A member that has not left has the instance id "
    "{instance_id}.",
    ErrorCode.UNSUPPORTED_ASSIGNOR: "ServerAssignor {assignor} is not supported.",
    ErrorCode.GROUP_MAX_SIZE_REACHED: "Group {group} is full.",
    ErrorCode.INVALID_REGULAR_EXPRESSION: "{regex} is no regular expression that is known here.",
    ErrorCode.INVALID_REQUEST: "A field is missing, or has a value that it may not have.",
}
"""What a member is told in words."""


def refusal(request: ConsumerGroupHeartbeat, error: ErrorCode) -> ConsumerGroupHeartbeatResponse:
    """The answer to a heartbeat that is refused."""
    sentence = SENTENCES.get(error, error.name).format(**vars(request))
    return ConsumerGroupHeartbeatResponse(error, sentence)


def check(request: ConsumerGroupHeartbeat, assignors: tuple[str, ...]) -> None:
    """Refuse what means nothing."""
    epoch = request.member_epoch
    unnamed = not request.member_id and (
        request.version >= NAMES_ITSELF or epoch > JOIN or epoch == LEAVE
    )
    empty = "" in {request.group, request.instance_id, request.rack_id}
    incomplete = epoch == JOIN and (
        request.rebalance_timeout == -1
        or request.owned is None
        or bool(request.owned)
        or (request.topics is None and request.regex is None)
    )
    nobody = epoch == LEAVE_FOR_NOW and request.instance_id is None
    if unnamed or empty or incomplete or nobody or epoch < LEAVE_FOR_NOW:
        raise Refused(ErrorCode.INVALID_REQUEST)
    if request.assignor is not None and request.assignor not in assignors:
        raise Refused(ErrorCode.UNSUPPORTED_ASSIGNOR)
    try:
        compiled(request.regex or "")
    except Invalid as invalid:
        raise Refused(ErrorCode.INVALID_REGULAR_EXPRESSION) from invalid


def check_epoch(member: Member, epoch: int, owned: Owned) -> None:
    """A member is at its epoch, or has missed the answer that gave it this one."""
    if epoch == member.epoch:
        return
    missed = epoch == member.previous_epoch and owned is not None
    if epoch > member.epoch or not missed or not (owned or set()) <= member.assigned.keys():
        raise Refused(ErrorCode.FENCED_MEMBER_EPOCH)
