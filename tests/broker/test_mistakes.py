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
from broker.transactions.core import Core
from broker.transactions.transaction import PREPARED, check_end
from tests.broker.groups.test_consumer import Consumers
from tests.broker.groups.test_stateful import Groups
from tests.broker.transactions.test_stateful import Transactions

Patch = Callable[[pytest.MonkeyPatch], None]
LOOK = settings(max_examples=1000, stateful_step_count=40, phases=[Phase.generate])


def offsets_that_could_not_be_written_count(patch: pytest.MonkeyPatch) -> None:
    right = Written.__call__

    def wrong(self: Written, error: ErrorCode, offset: int) -> None:
        del error
        right(self, ErrorCode.NONE, offset)

    patch.setattr(Written, "__call__", wrong)


def syncs_that_end_badly_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    right = Rebalance.answer_sync

    def wrong(self: Rebalance, member: Any, response: Any) -> bool:
        if response.error is not ErrorCode.NONE:
            member.syncing = None
        return right(self, member, response)

    patch.setattr(Rebalance, "answer_sync", wrong)


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
    right = Core.appended

    def wrong(self: Core, ticket: Any, error: ErrorCode) -> None:
        right(self, ticket, ErrorCode.NONE)

    patch.setattr(Core, "appended", wrong)


def an_end_can_be_changed(patch: pytest.MonkeyPatch) -> None:
    """Whoever ends a transaction is listened to, also once it is decided."""

    def wrong(at: Any, request: Any, *, pending: bool) -> None:
        if pending or at.state not in PREPARED:
            check_end(at, request, pending=pending)

    patch.setattr("broker.transactions.ending.check_end", wrong)


MISTAKES: list[tuple[type[RuleBasedStateMachine], Patch]] = [
    (Groups, offsets_that_could_not_be_written_count),
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


@pytest.mark.slow
def test_a_sync_that_is_forgotten_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a follower that waits while a rebalance begins, which does not happen often."""
    test_a_mistake_is_noticed(Groups, syncs_that_end_badly_are_forgotten, monkeypatch)
