"""The museum's group entries: members, their generations, and what they commit."""

from __future__ import annotations

from model.coordinator import Fencing
from model.group import Group
from model.museum.entry import Entry, Exhibit

GROUPS: tuple[Entry, ...] = (
    Entry(
        "zombie commit",
        "a commit of an old generation is accepted",
        "A member that has been replaced commits, or its commit arrives late, and the coordinator "
        "does not look at who asks: the new owner's progress is overwritten.",
        "OffsetCommit carries member id and generation, and the coordinator checks both.",
        Exhibit(
            Group,
            {"Member": 2, "Partition": 1, "Generation": 2, "Offset": 2, "timeouts": 1},
            {"fencing": Fencing.MEMBER},
            "OWN-2",
            hazards=frozenset({"DLV-3"}),
        ),
    ),
)
"""In the order of the protocol: membership, then progress."""
