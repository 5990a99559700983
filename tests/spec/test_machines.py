"""The abstract machines: what they count, and that their rules are needed."""

from __future__ import annotations

import pytest

from checker import Machine, action, check, require
from spec import CommitMode, Delivery, GroupState, Member, Membership, Offset, Ownership

COUNTED: dict[tuple[type[Machine], str], tuple[int, int, int]] = {
    (Ownership, "small"): (46, 212, 6),
    (Membership, "small"): (17, 23, 8),
    (Delivery, "commit after"): (30, 195, 6),
    (Delivery, "commit before"): (15, 44, 5),
    (Delivery, "commit at an interval"): (64, 513, 6),
}


def test_every_configuration_is_pinned() -> None:
    machines: tuple[type[Machine], ...] = (Ownership, Membership, Delivery)
    assert [(cls, one.name) for cls in machines for one in cls.configurations] == list(COUNTED)


@pytest.mark.parametrize(("cls", "name"), COUNTED)
def test_the_counts_are_as_pinned(cls: type[Machine], name: str) -> None:
    settings = next(one.settings for one in cls.configurations if one.name == name)
    verdict = check(cls(**settings))
    assert verdict.exit_status == 0
    assert (verdict.distinct, verdict.generated, verdict.depth) == COUNTED[cls, name]
    assert [one.action for one in verdict.coverage if one.fired == 0] == []


class Hasty(Delivery):
    """Commits without regard to what was processed."""

    @action(by="member")
    def commit(self, offset: Offset) -> None:
        """Progress is written down as anybody likes."""
        self.committed = offset


class Greedy(Delivery):
    """Processes without regard to what was processed before."""

    @action(by="member")
    def process(self, record: Offset) -> None:
        """A record is processed, committed or not."""
        self.processed.add(record)


class Eager(Ownership):
    """Grants partitions before there is a generation."""

    @action
    def grant(self, m: Member) -> None:
        """The partition is given to a member, whenever it is nobody's."""
        require(self.owner is None)
        self.owner = m


class Undead(Membership):
    """Lets a deleted group come back."""

    @action(by="coordinator")
    def become_empty(self) -> None:
        """Nobody has joined, whatever came before."""
        self.state = GroupState.EMPTY


def false(machine: Machine) -> dict[str, int]:
    found = check(machine).findings
    return {one.id: one.trace.length for one in found if one.result == "violated" and one.trace}


def test_the_rules_are_needed() -> None:
    assert false(Hasty(Offset=2)) == {"at_least_once": 2}
    before = CommitMode.BEFORE_PROCESSING
    assert false(Greedy(Offset=2, commit_mode=before)) == {"at_most_once": 3}
    assert false(Eager(Member=2, Generation=1, Offset=1)) == {"owned_in_a_generation": 2}
    assert false(Undead(Generation=1)) == {"dead_for_good": 6}
