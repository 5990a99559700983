"""The searches go where the protocol can go: no part of the model is dead."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from checker import check, reachable
from checker.language.machine import declaration
from model import Group
from model.consumer import Phase
from model.messages import (
    Error,
    ErrorResponse,
    JoinGroupRequest,
    OffsetCommitRequest,
    SyncGroupRequest,
)
from model.participants import Line
from spec import GroupId, GroupState, Member
from tests.model.pinned import TWO
from tests.model.test_configurations import CONFIGURATIONS


class Seen(Group):
    """A group of which it is asked what can be seen of it."""

    def told(self, error: Error) -> bool:
        """Whether somebody is being refused for this reason."""
        return any(self.is_told(m, error) for m in Member)

    def is_told(self, m: Member, error: Error) -> bool:
        """Whether `m` is being refused for this reason."""
        answer = self.connections[m].response
        return isinstance(answer, ErrorResponse) and answer.error is error

    def is_in(self, state: GroupState) -> bool:
        """Whether some group is in this state."""
        return any(self.coordinators[g].state is state for g in GroupId)

    @reachable
    def empty_again(self) -> bool:
        return self.is_in(GroupState.EMPTY) and self.coordinators[GroupId(0)].generation > 0

    @reachable
    def dead(self) -> bool:
        return self.is_in(GroupState.DEAD)

    @reachable
    def stable_with_all(self) -> bool:
        return self.is_in(GroupState.STABLE) and all(
            self.consumers[m].phase is Phase.STABLE for m in Member
        )

    @reachable
    def unknown_member_id(self) -> bool:
        return self.told(Error.UNKNOWN_MEMBER_ID)

    @reachable
    def illegal_generation(self) -> bool:
        return self.told(Error.ILLEGAL_GENERATION)

    @reachable
    def rebalance_in_progress(self) -> bool:
        return self.told(Error.REBALANCE_IN_PROGRESS)

    @reachable
    def coordinator_not_available(self) -> bool:
        return self.told(Error.COORDINATOR_NOT_AVAILABLE)

    @reachable
    def stale_sync(self) -> bool:
        return any(
            isinstance(self.connections[m].late, SyncGroupRequest) and self.stale(m, Line.CLOSED)
            for m in Member
        )

    @reachable
    def stale_commit(self) -> bool:
        return any(
            isinstance(self.connections[m].late, OffsetCommitRequest) and self.stale(m, Line.CLOSED)
            for m in Member
        )

    @reachable
    def late_join(self) -> bool:
        return any(isinstance(self.connections[m].late, JoinGroupRequest) for m in Member)


def ids(*names: str) -> frozenset[str]:
    return frozenset(names)


PAUSED = {**TWO, "pauses": 1}
SLOW = CONFIGURATIONS["slow"].settings
LATE = CONFIGURATIONS["late commit first"].settings

WANTED = [
    (PAUSED, ids("unknown_member_id")),
    (SLOW, ids("empty_again", "dead", "rebalance_in_progress", "coordinator_not_available")),
    (LATE, ids("stable_with_all", "illegal_generation", "stale_sync", "stale_commit", "late_join")),
]


@pytest.mark.parametrize(("settings", "only"), WANTED, ids=["paused", "slow", "late"])
def test_states_and_errors_are_met(settings: Mapping[str, Any], only: frozenset[str]) -> None:
    verdict = check(Seen(**settings), only=only)
    assert [finding.id for finding in verdict.findings if finding.result != "holds"] == []
    assert only <= {finding.id for finding in verdict.findings}


def test_every_action_is_taken_somewhere() -> None:
    """But for those that only a broken design has, and another assignor."""
    coverage = [
        one
        for settings in (PAUSED, SLOW, LATE)
        for one in check(Group(**settings), only=frozenset()).coverage
    ]
    taken = {one.action for one in coverage if one.fired > 0}
    declared = {method.name for method in declaration(Group).of("action")}
    assert declared - taken == {"misdeliver", "lead_by_range"}
    assert not {"misdeliver", "lead_by_range"} & {one.action for one in coverage}
