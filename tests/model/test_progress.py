"""What must happen in the end: where it is asked, and what the runs are in which it does not."""

from __future__ import annotations

from functools import cache

import pytest

from checker import Trace, check, replay
from model import Group
from spec import GroupState, Member
from spec.delivery import DLV_7
from spec.membership import GRP_5, GRP_7
from tests.model.pinned import BROKEN
from tests.model.promises_page import asked


@cache
def lasso(promise: str) -> Trace:
    """The run of the first broken design that breaks a promise of the end."""
    broken = next(one for one in BROKEN if promise in one.breaks)
    machine = Group(**broken.settings)
    trace = check(machine, only=frozenset([promise])).finding(promise).trace
    assert trace is not None
    replay(machine, trace)
    return trace


def actions(trace: Trace) -> list[str]:
    return [f"{step.actor} {step.action}" for step in trace.steps]


def test_it_is_asked_of_every_record_there_is() -> None:
    for one in Group.configurations:
        assert one.settings.get("records", 0) in (0, one.settings["Offset"])


@pytest.mark.parametrize(
    ("promise", "where"),
    [
        (GRP_5, {"crash", "restart", "two partitions", "slow"}),
        (GRP_7, {"smallest", "crash", "zombie", "slow", "late", "two groups"}),
        (DLV_7, {"smallest", "crash", "zombie", "slow", "late", "two groups"}),
    ],
)
def test_it_is_asked_where_it_is_in_danger(promise: object, where: set[str]) -> None:
    assert all(getattr(promise, "id", "") in asked("Consumer groups", name) for name in where)


def test_a_dead_members_partition_stays_with_it() -> None:
    """GRP-5: nothing times out, so the group waits for a member that has died."""
    trace = lasso("GRP-5")
    assert trace.loop == len(trace.steps)
    assert actions(trace)[-1] in ("member-0 crash", "coordinator arrive")
    last = trace.steps[-1].state
    (group,) = last.coordinators.values()
    assert group.assignment[Member(0)]
    assert str(last.consumers[Member(0)].phase.name) == "CRASHED"


def test_a_member_asks_again_and_again_and_does_not_listen() -> None:
    """GRP-7: a heartbeat, its answer that there is a rebalance, and another heartbeat."""
    trace = lasso("GRP-7")
    assert trace.loop is not None
    round_ = actions(trace)[trace.loop :]
    assert sorted(round_) == ["coordinator arrive", "member-0 heartbeat", "member-0 receive"]
    states = [step.state for step in trace.steps[trace.loop :]]
    assert {state.coordinators.values()[0].state for state in states} == {
        GroupState.PREPARING_REBALANCE
    }


def test_nobody_reads_what_nobody_was_given() -> None:
    """DLV-7: nothing is left to do, and there are records."""
    trace = lasso("DLV-7")
    assert trace.loop == len(trace.steps)
    last = trace.steps[-1].state
    (group,) = last.coordinators.values()
    assert group.state is GroupState.STABLE
    assert all(len(share) == 0 for share in group.assignment.values())
