"""Anomalies of the order in which a producer's records were put into the log.

Sends are compared in the order in which they were made, by their numbers: answers may come in
another.  Those without an offset are left out.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from conformance.history.facts import Facts
from conformance.history.found import Anomaly
from conformance.history.operations import Place, Send


def order(facts: Facts) -> Iterator[Anomaly]:
    """Sends in a row that have others' values between them, or whose offsets do not ascend."""
    queues: dict[tuple[str, Place], list[tuple[int, int, Send]]] = defaultdict(list)
    for line, send in facts.sends.values():
        if send.result == "ok" and send.offset is not None:
            queues[send.process, send.place].append((send.number, line, send))
    for (process, place), queue in queues.items():
        queue.sort(key=lambda entry: entry[0])
        for (_, line, first), (_, later, second) in pairwise(queue):
            one = first.transaction is not None and first.transaction == second.transaction
            inside = "int-" if one else ""
            low, high = first.offset or 0, second.offset or 0
            lines = tuple(sorted((line, later)))
            if high <= low:
                told = f"{process} sent {second.value} to {high} after {first.value} to {low}"
                yield Anomaly(f"{inside}nonmonotonic-send", place, lines, told)
            elif passed := list(facts.between(place, low, high)):
                told = f"{passed[0][1]} lies between {first.value} and {second.value} of {process}"
                yield Anomaly(f"{inside}send-skip", place, lines, told)
