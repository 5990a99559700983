"""What must not be found in a history, and what finds it.

The anomalies are those that Jepsen's Kafka workload looks for, two that a crash can bring (what had
been read is gone, and committed offsets are behind what was acknowledged), and two of what a group
promises: one owner for a partition, and no commit of a former one.  Each is found by a function of
its own over the facts of a history; none needs the broker any more.

Some are allowed by what Kafka says of itself, and are told without being held against it: sends of
others land between two of one's own.  What else is to be allowed (duplicates of a producer that is
not idempotent, what was not read to its end) is for the asker to say.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from conformance.history import commits, owners, reads, sends
from conformance.history.facts import Facts, facts
from conformance.history.found import Anomaly
from conformance.history.operations import History, Poll, Send

KINDS: Mapping[str, str] = MappingProxyType(
    {
        "inconsistent-offsets": "One offset held two values.",
        "duplicate": "One value was at two offsets.",
        "lost-write": "A value that must be there, below what was read, was in no poll.",
        "unseen": "A value that must be there was in no poll by the end.",
        "vanished": "A value that had been polled was gone for who read everything.",
        "aborted-read": "A poll returned what a producer was told was not written.",
        "precommitted-read": "A transaction polled its own write before it was committed.",
        "int-poll-skip": "A poll passed by a value that it should have returned.",
        "int-nonmonotonic-poll": "A poll returned records that do not ascend.",
        "poll-skip": "Between two polls of a consumer a value was passed by.",
        "nonmonotonic-poll": "A poll went back behind the consumer's one before.",
        "int-send-skip": "In a transaction, others' values lie between two sends in a row.",
        "int-nonmonotonic-send": "In a transaction, a later send has an earlier offset.",
        "send-skip": "Others' values lie between two sends in a row.",
        "nonmonotonic-send": "A later send of a producer has an earlier offset.",
        "committed-too-far": "An offset was committed beyond what had been processed.",
        "committed-went-back": "A group's committed offset is behind one that was acknowledged.",
        "owned-twice": "Two members of a group had a partition at once.",
        "late-commit": "A commit was accepted of a member whose partition was another's by then.",
    }
)
"""Every kind, in the order in which they are told: its name, and what happened."""

ALLOWED = frozenset({"int-send-skip", "send-skip"})
"""What Kafka allows: producers share a partition, and transactions interleave in it."""

SEARCHES: tuple[Callable[[Facts], Iterator[Anomaly]], ...] = (
    reads.inconsistent_offsets,
    reads.duplicates,
    reads.missing,
    reads.vanished,
    reads.aborted_reads,
    reads.precommitted_reads,
    reads.order,
    sends.order,
    commits.too_far,
    commits.went_back,
    owners.twice,
    owners.commits_of_former_owners,
)


@dataclass(frozen=True)
class Report:
    """What was found in a history.

    counts   how many operations of each kind it has, and records sent, acknowledged and polled
    broken   anomalies that are held against the broker
    allowed  those that are not
    """

    counts: Mapping[str, int]
    broken: tuple[Anomaly, ...]
    allowed: tuple[Anomaly, ...]


def check(history: History, allow: frozenset[str] = ALLOWED) -> Report:
    """Search a history; TraceError where it sends a value twice."""
    looked_up = facts(history)
    order = list(KINDS)
    found = sorted(
        (anomaly for search in SEARCHES for anomaly in search(looked_up)),
        key=lambda anomaly: (order.index(anomaly.kind), anomaly.lines),
    )
    return Report(
        counts=_counts(history),
        broken=tuple(anomaly for anomaly in found if anomaly.kind not in allow),
        allowed=tuple(anomaly for anomaly in found if anomaly.kind in allow),
    )


def _counts(history: History) -> dict[str, int]:
    results = Counter(operation.result for operation in history if isinstance(operation, Send))
    polled = [o for o in history if isinstance(o, Poll)]
    return {
        "operations": len(history),
        "processes": len({operation.process for operation in history}),
        "acknowledged": results["ok"],
        "failed": results["failed"],
        "unknown": results["unknown"],
        "polls": len(polled),
        "records polled": sum(len(poll.records) for poll in polled),
    }


__all__ = ["ALLOWED", "KINDS", "Anomaly", "Report", "check"]
