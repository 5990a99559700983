"""The whole machine, and the configurations in which the promises are decided.

Each configuration explores some of the dangers to the end.  Together they decide every promise;
docs/promises.md says which decides which.  What was counted, as distinct states, states
generated, and depth, is pinned by tests/model/test_group.py.

In every configuration in which members commit after processing, and there can be two owners one
after the other, DLV-3 is a hazard: a record that was processed and not yet committed is
processed again.
"""

from __future__ import annotations

from typing import ClassVar

from checker import Configuration, configuration
from model.conduct import Conduct
from model.consumer import Processing
from model.coordination import Coordination
from model.delivery import DeliveryPromises
from model.members import Members
from model.membership import MembershipPromises
from model.ownership import OwnershipPromises
from model.progress import ProgressPromises
from model.witnesses import Witnesses
from spec import CommitMode


class Group(
    Conduct,
    DeliveryPromises,
    MembershipPromises,
    OwnershipPromises,
    ProgressPromises,
    Witnesses,
    Coordination,
    Members,
):
    """Consumer groups on the classic protocol."""

    configurations: ClassVar[tuple[Configuration, ...]] = (
        configuration(
            "smallest",
            about="Two members that join one after the other, and nothing goes wrong.",
            hazards=("DLV-3",),
            Member=2, Partition=1, Generation=2, Offset=1, records=1,
        ),
        configuration(
            "crash",
            about="Two members, both of which may crash.",
            hazards=("DLV-3",),
            Member=2, Partition=1, Generation=3, Offset=2, records=2, crashes=2,
        ),
        configuration(
            "restart",
            about="Two members, one of which crashes and comes back as a third.",
            hazards=("DLV-3",),
            Member=3, Partition=1, Generation=3, Offset=1, records=1, crashes=1,
        ),
        configuration(
            "two partitions",
            about="Two members share two partitions; both may crash.",
            hazards=("DLV-3",),
            Member=2, Partition=2, Generation=3, Offset=1, records=1, crashes=2,
        ),
        configuration(
            "surplus",
            about="Three members share two partitions.",
            hazards=("DLV-3",),
            Member=3, Partition=2, Generation=2, Offset=1, records=1,
        ),
        configuration(
            "zombie",
            about="Members are paused past their session timeout, and go on afterwards.",
            hazards=("OWN-3", "DLV-3"),
            Member=2, Partition=1, Generation=3, Offset=1, records=1, pauses=2,
        ),
        configuration(
            "slow",
            about="Processing outlasts max.poll.interval.ms; members crash and leave; an empty "
            "group may be deleted.",
            hazards=("OWN-3", "DLV-3"),
            Member=2, Partition=1, Generation=3, Offset=2, records=2,
            crashes=2, slowness=True, leaving=True, deletion=True,
        ),
        configuration(
            "late",
            about="Requests are given up twice; what was given up is lost, or arrives late, or "
            "is repeated.",
            hazards=("OWN-3", "DLV-3"),
            Member=2, Partition=1, Generation=3, Offset=1, records=1, timeouts=2,
        ),
        configuration(
            "late commit",
            about="A single member, whose late commit undoes its newer one.",
            hazards=("DLV-3", "DLV-8"),
            Member=1, Partition=1, Generation=2, Offset=3, records=3, timeouts=3,
        ),
        configuration(
            "auto-commit",
            about="Commits at an interval, while records wait in the application's buffer.",
            hazards=("DLV-4",),
            Member=2, Partition=1, Generation=3, Offset=2, crashes=2,
            commit_mode=CommitMode.AUTO, processing=Processing.BUFFERED,
        ),
        configuration(
            "auto-commit in poll",
            about="Commits in poll(), once everything handed over has been processed.",
            Member=2, Partition=1, Generation=3, Offset=2, crashes=2,
            commit_mode=CommitMode.AUTO, processing=Processing.INLINE,
        ),
        configuration(
            "commit first",
            about="Commits before processing.",
            Member=2, Partition=1, Generation=3, Offset=3, crashes=2,
            commit_mode=CommitMode.BEFORE_PROCESSING, processing=Processing.BUFFERED,
        ),
        configuration(
            "late commit first",
            about="Commits before processing, one of which may be late.",
            hazards=("DLV-5", "DLV-8", "as_delivery"),
            Member=2, Partition=1, Generation=2, Offset=2, timeouts=1,
            commit_mode=CommitMode.BEFORE_PROCESSING, processing=Processing.BUFFERED,
        ),
        configuration(
            "zombie commit first",
            about="Commits before processing; a member is paused between the two.",
            hazards=("OWN-3",),
            Member=2, Partition=1, Generation=3, Offset=1, pauses=1,
            commit_mode=CommitMode.BEFORE_PROCESSING, processing=Processing.BUFFERED,
        ),
        configuration(
            "together",
            about="One crash, one pause, one request that is given up; slowness, members that "
            "leave, and deletion.",
            hazards=("OWN-3", "DLV-3"),
            Member=2, Partition=1, Generation=2, Offset=1, records=1,
            crashes=1, pauses=1, timeouts=1, slowness=True, leaving=True, deletion=True,
        ),
        configuration(
            "two groups",
            about="A group of two and a group of one read the same partition.",
            hazards=("DLV-3",),
            GroupId=2, Member=3, Partition=1, Generation=2, Offset=2, records=2,
        ),
        configuration(
            "large",
            about="Three members share two partitions of a record each; one may crash.",
            hazards=("DLV-3",),
            Member=3, Partition=2, Generation=3, Offset=1, crashes=1,
        ),
    )  # fmt: skip
