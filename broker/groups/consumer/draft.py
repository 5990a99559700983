"""A change of a consumer group: worked out on a copy, written, and only then what the group is.

What is asked of a group changes a *draft* of it, and gathers the records that say so.  The group
is held until they are durable; then the draft is the group.  What could not be written has not
happened.

A draft may be of a group that was a classic one, and may end as one (`broker.groups.migration`):
its records then remove the one group and make the other, in one batch.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from broker.errors import ErrorCode, append_error
from broker.events import Event
from broker.groups.classic.group import ClassicGroup
from broker.groups.consumer.group import ConsumerGroup, Key, Value
from broker.groups.core import Core
from broker.groups.records import encode
from broker.groups.records.consumer import CurrentKey, SubscriptionKey, TargetKey
from broker.sansio import Record


@dataclass
class Draft:
    """A group as it is going to be, and the records that say so.

    moved       the member that speaks has taken a step towards the target
    out         the members that are out
    was         the classic group that it was, with its members
    becomes     the classic group that it is going to be instead
    rebalances  that group's members are to join anew
    """

    group: ConsumerGroup
    records: list[Record] = field(default_factory=list)
    moved: bool = False
    out: list[str] = field(default_factory=list)
    was: ClassicGroup | None = None
    becomes: ClassicGroup | None = None
    rebalances: bool = False

    def change(self, key: Key, value: Value | None) -> None:
        """Change the group."""
        self.records.append(encode(key, value))
        self.group.apply(key, value)

    def remove(self, names: Iterable[str]) -> None:
        """Members are out."""
        group = self.group.name
        for name in names:
            self.change(CurrentKey(group, name), None)
            self.change(TargetKey(group, name), None)
            self.change(SubscriptionKey(group, name), None)
            self.out.append(name)


@dataclass(frozen=True)
class Changed:
    """A draft's records were written, or were not."""

    core: Core
    draft: Draft
    then: Callable[[ErrorCode], None]

    def __call__(self, error: ErrorCode, offset: int) -> None:
        """The group is what it was going to be."""
        del offset
        name = self.draft.group.name
        if error is ErrorCode.NONE:
            self._tell(self.core.consumer.get(name))
            if self.draft.becomes is None:
                self.core.consumer[name] = self.draft.group
                self.core.classic.pop(name, None)
            else:
                self.core.classic[name] = self.draft.becomes
                self.core.consumer.pop(name, None)
        self.core.free(name)
        self.then(append_error(error))

    def _tell(self, before: ConsumerGroup | None) -> None:
        """Say what the group is now, where that is news."""
        core, group, becomes = self.core, self.draft.group, self.draft.becomes
        if becomes is not None:
            core.tell(Event.GROUP_CONVERTED, group=group.name, type="classic")
            return
        if self.draft.was is not None:
            core.tell(Event.GROUP_CONVERTED, group=group.name, type="consumer")
        if before is None or before.epoch != group.epoch:
            core.tell(
                Event.GROUP_EPOCH,
                group=group.name,
                epoch=group.epoch,
                members=len(group.members),
                why=_why({} if before is None else before.members, group.members),
            )


def _why(before: Collection[str], after: Collection[str]) -> str:
    """Why a group has another epoch, by its members before and after."""
    come = [f"{name} joins" for name in after if name not in before]
    gone = [f"{name} is out" for name in before if name not in after]
    return ", ".join([*come, *gone]) or "subscriptions or topics are others"


def write(core: Core, draft: Draft, then: Callable[[ErrorCode], None]) -> None:
    """Have a draft written, if it changes anything, and go on."""
    if not draft.records:
        then(ErrorCode.NONE)
        return
    core.hold(draft.group.name)
    core.write(draft.records, Changed(core, draft, then))
