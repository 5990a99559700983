"""How far a group has read, in the columns of `kafka-consumer-groups --describe`."""

from __future__ import annotations

from collections.abc import Iterator

from broker.lag import Described, Line

TITLES = (
    "GROUP",
    "TOPIC",
    "PARTITION",
    "CURRENT-OFFSET",
    "LOG-END-OFFSET",
    "LAG",
    "CONSUMER-ID",
    "HOST",
    "CLIENT-ID",
)
NOTHING = "-"
REMARKS = {
    "Empty": "has no active members.",
    "PreparingRebalance": "is rebalancing.",
    "CompletingRebalance": "is rebalancing.",
    "Assigning": "is rebalancing.",
    "Reconciling": "is rebalancing.",
}
"""What is said of a group first, where its table alone could mislead."""


def lag_table(group: str, found: Described) -> Iterator[str]:
    """The lines to print."""
    if found.state in REMARKS:
        yield f"Consumer group '{group}' {REMARKS[found.state]}"
    if not found.lines:
        return
    if found.state in REMARKS:
        yield ""
    rows = [TITLES, *(_row(group, line) for line in found.lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(TITLES))]
    for row in rows:
        yield " ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(group: str, line: Line) -> tuple[str, ...]:
    owner = line.owner
    whose = (NOTHING,) * 3 if owner is None else (owner.consumer, owner.host, owner.client)
    numbers = (line.current, line.end, line.lag)
    return (
        group,
        line.topic,
        str(line.partition),
        *(NOTHING if number is None else str(number) for number in numbers),
        *whose,
    )
