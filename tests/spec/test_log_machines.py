"""The abstract machines of logs and clients: what they count, and that their rules are needed."""

from __future__ import annotations

import pytest

from checker import Machine, Set, action, check
from spec import AcknowledgedWrites, ChangelogTable, PartitionLog
from spec.acknowledged import Fate, Write
from spec.partition_log import LogOffset, Start, Value

COUNTED: dict[tuple[type[Machine], str], tuple[int, int, int]] = {
    (PartitionLog, "small"): (142, 295, 5),
    (ChangelogTable, "small"): (400, 1_579, 5),
    (AcknowledgedWrites, "all"): (36, 73, 9),
    (AcknowledgedWrites, "leader"): (64, 145, 9),
    (AcknowledgedWrites, "none"): (81, 235, 9),
}


def test_every_configuration_is_pinned() -> None:
    machines: tuple[type[Machine], ...] = (PartitionLog, ChangelogTable, AcknowledgedWrites)
    assert [(cls, one.name) for cls in machines for one in cls.configurations] == list(COUNTED)


@pytest.mark.parametrize(("cls", "name"), COUNTED)
def test_the_counts_are_as_pinned(cls: type[Machine], name: str) -> None:
    found = next(one for one in cls.configurations if one.name == name)
    verdict = check(cls(**found.settings), hazards=found.hazards)
    assert verdict.exit_status == 0
    assert (verdict.distinct, verdict.generated, verdict.depth) == COUNTED[cls, name]
    assert [one.action for one in verdict.coverage if one.fired == 0] == []


class Overwriting(PartitionLog):
    """Puts another record where one was read."""

    @action(by="leader")
    def commit(self, value: Value) -> None:
        """The last record is replaced."""
        if len(self.records) == 0:
            self.records.append(value)
        else:
            self.records[len(self.records) - 1] = value


class Careless(PartitionLog):
    """Deletes what was not there, and takes it back."""

    @action(by="retention")
    def delete(self, start: Start) -> None:
        """The log begins anywhere."""
        self.start = start


class Forgetful(ChangelogTable):
    """Compacts what it likes."""

    @action(by="cleaner")
    def compact(self, gone: Set[LogOffset]) -> None:
        """Some records are left out."""
        for offset in gone:
            self.log[offset] = None


class Shifting(ChangelogTable):
    """Closes the gaps that compaction leaves."""

    @action(by="cleaner")
    def compact(self, gone: Set[LogOffset]) -> None:
        """The first record moves to the second place, where there is none."""
        for offset in gone:
            if offset + 1 < self.end:
                self.log[offset] = self.log[offset + 1]


class Hasty(AcknowledgedWrites):
    """Acknowledges whatever it has heard of, and calls off what was committed."""

    @action(by="leader")
    def acknowledge(self, w: Write) -> None:
        """The producer is told that it is done."""
        self.acknowledged.add(w)

    @action(by="fate")
    def lose(self, w: Write) -> None:
        """It is lost, wherever it was."""
        self.fate[w] = Fate.LOST


def false(machine: Machine) -> dict[str, int]:
    found = check(machine).findings
    return {one.id: one.trace.length for one in found if one.result == "violated" and one.trace}


def test_the_rules_are_needed() -> None:
    assert false(Overwriting(LogSize=2, Value=1)) == {"only_grows": 3}
    assert false(Careless(LogSize=2, Value=0)) == {"begins_before_its_end": 2, "starts_later": 3}
    assert false(Forgetful(Key=1, LogSize=2, Value=0)) == {"replay_restores": 3}
    assert false(Shifting(Key=1, LogSize=2, Value=1)) == {"keeps_its_place": 4}
    assert false(Hasty(Write=1)) == {
        "not_lost": 3,
        "committed_for_good": 5,
        "written_when_told": 2,
    }
