"""Anomalies of committed offsets."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from conformance.history.facts import Facts, effective
from conformance.history.found import Anomaly
from conformance.history.operations import Commit, Committed, Place, Poll, Processed


def too_far(facts: Facts) -> Iterator[Anomaly]:
    """A commit beyond the first offset of the poll in progress, or beyond what was processed of it.

    What is committed counts as processed: whoever takes over would begin behind it.
    """
    polled: dict[str, tuple[int, dict[Place, int]]] = {}
    for line, operation in enumerate(facts.history, start=1):
        match operation:
            case Poll(process=process, records=records):
                first: dict[Place, int] = {}
                for record in records:
                    first.setdefault(record.place, record.offset)
                polled[process] = (line, first)
            case Processed(process=process, offsets=offsets) if process in polled:
                for offset in offsets:
                    polled[process][1][offset.place] = offset.offset
            case Commit(process=process, offsets=offsets) if process in polled:
                since, bounds = polled[process]
                for offset in offsets:
                    bound = bounds.get(offset.place, offset.offset)
                    if offset.offset > bound and operation.result != "failed":
                        told = f"{process} committed {offset.offset} and had come to {bound}"
                        yield Anomaly("committed-too-far", offset.place, (since, line), told)
            case _:
                pass


@dataclass
class _Committed:
    """What a group may have committed in a partition: the last that was acknowledged, and later."""

    line: int = 0
    acknowledged: int = -1
    maybe: set[int] = field(default_factory=set)


def went_back(facts: Facts) -> Iterator[Anomaly]:
    """A committed offset that is read lies behind the last one that was acknowledged.

    A group may set its own progress back: the last commit counts, not the highest; and one without
    an answer may have come to pass.
    """
    groups: dict[tuple[str, Place], _Committed] = defaultdict(_Committed)
    for line, operation in effective(facts.history):
        for offset in operation.offsets:
            known = groups[operation.group, offset.place]
            match operation:
                case Commit(result="ok"):
                    groups[operation.group, offset.place] = _Committed(line, offset.offset)
                case Commit():
                    known.maybe.add(offset.offset)
                case Committed():
                    if offset.offset < known.acknowledged and offset.offset not in known.maybe:
                        told = (
                            f"{operation.group} has {offset.offset} committed, "
                            f"and {known.acknowledged} was acknowledged"
                        )
                        lines = (known.line, line)
                        yield Anomaly("committed-went-back", offset.place, lines, told)
