"""What holds of the coordinators under any sequence can fail: with one mistake in them it does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from broker.errors import ErrorCode
from broker.groups.classic.rebalance import Rebalance
from broker.groups.consumer.reconcile import reconcile
from broker.groups.offsets.commits import Written
from broker.transactions.shard import Shard
from broker.transactions.transaction import PREPARED, check_end
from tests.broker.groups.test_consumer import Consumers
from tests.broker.groups.test_stateful import Groups
from tests.broker.transactions.test_stateful import Transactions

Patch = Callable[[pytest.MonkeyPatch], None]
LOOK = settings(max_examples=200, stateful_step_count=40, phases=[Phase.generate])


def offsets_that_could_not_be_written_count(patch: pytest.MonkeyPatch) -> None:
    right = Written.__call__

    def wrong(self: Written, error: ErrorCode, offset: int) -> None:
        del error
        right(self, ErrorCode.NONE, offset)

    patch.setattr(Written, "__call__", wrong)


def syncs_are_forgotten_when_a_rebalance_begins(patch: pytest.MonkeyPatch) -> None:
    def wrong(self: Rebalance, group: Any, error: ErrorCode) -> None:
        for member in group.members.values():
            member.syncing = None

    patch.setattr(Rebalance, "withdraw", wrong)


def the_wait_for_joins_never_ends(patch: pytest.MonkeyPatch) -> None:
    right = Rebalance.prepare

    def wrong(self: Rebalance, group: Any, why: str) -> None:
        right(self, group, why)
        outputs = self.core.out.outputs
        self.core.out.outputs = [
            each for each in outputs if "SetTimer(timer=JoinDue" not in str(each)
        ]

    patch.setattr(Rebalance, "prepare", wrong)


def partitions_are_given_before_they_are_free(patch: pytest.MonkeyPatch) -> None:
    right: Any = reconcile

    def wrong(*given: Any) -> Any:
        return right(*given[:4], set(), given[5])

    patch.setattr("broker.groups.consumer.target.reconcile", wrong)


def transitions_that_could_not_be_written_count(patch: pytest.MonkeyPatch) -> None:
    right = Shard.appended

    def wrong(self: Shard, ticket: Any, error: ErrorCode) -> None:
        right(self, ticket, ErrorCode.NONE)

    patch.setattr(Shard, "appended", wrong)


def an_end_can_be_changed(patch: pytest.MonkeyPatch) -> None:
    """Whoever ends a transaction is listened to, also once it is decided."""

    def wrong(at: Any, request: Any, *, pending: bool) -> None:
        if pending or at.state not in PREPARED:
            check_end(at, request, pending=pending)

    patch.setattr("broker.transactions.shard.check_end", wrong)


MISTAKES: list[tuple[type[RuleBasedStateMachine], Patch]] = [
    (Groups, offsets_that_could_not_be_written_count),
    (Groups, syncs_are_forgotten_when_a_rebalance_begins),
    (Groups, the_wait_for_joins_never_ends),
    (Consumers, partitions_are_given_before_they_are_free),
    (Transactions, transitions_that_could_not_be_written_count),
    (Transactions, an_end_can_be_changed),
]


@pytest.mark.parametrize(
    ("machine", "mistake"), MISTAKES, ids=[mistake.__name__ for _, mistake in MISTAKES]
)
def test_a_mistake_is_noticed(
    machine: type[RuleBasedStateMachine], mistake: Patch, monkeypatch: pytest.MonkeyPatch
) -> None:
    mistake(monkeypatch)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(machine, settings=LOOK)
