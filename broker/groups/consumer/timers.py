"""What ends when nothing is heard of a member of a consumer group.

    ConsumerSessionDue  it has not been heard of for its session timeout: the one that it said
                        itself, where it speaks the classic protocol, else the group's
    RevocationDue       it has not given up, within its rebalance timeout, what it was asked to

and of one that speaks the classic protocol, which answers to a rebalance in two requests:

    RejoinDue           it was told to join again, and has not within its rebalance timeout
    ResyncDue           it has joined, and has not asked for its assignment within that time

All four have the member out.  Who is told again and again that it is to rejoin has its time from
the first telling on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from broker.groups.consumer.draft import Draft
from broker.groups.consumer.group import ConsumerGroup, Member, MemberState
from broker.groups.core import Core


@dataclass(frozen=True)
class ConsumerSessionDue:
    """A member has not been heard of."""

    group: str
    member: str


@dataclass(frozen=True)
class RevocationDue:
    """A member has not given up what it was asked to."""

    group: str
    member: str


@dataclass(frozen=True)
class RejoinDue:
    """A member that was told to join again has not."""

    group: str
    member: str


@dataclass(frozen=True)
class ResyncDue:
    """A member that joined has not asked for its assignment."""

    group: str
    member: str


Due = ConsumerSessionDue | RevocationDue | RejoinDue | ResyncDue
WHY: Mapping[type, str] = MappingProxyType(
    {
        ConsumerSessionDue: "it was not heard of",
        RevocationDue: "it did not give up what it was asked to",
        RejoinDue: "it did not join again in time",
        ResyncDue: "it did not ask for its assignment",
    }
)
"""Why a member is out, in words."""
KINDS = tuple(WHY)


class Watch:
    """The timers of the members of consumer groups.

    told  those who were told to join again
    """

    def __init__(self, core: Core) -> None:
        self.core = core
        self.told: set[RejoinDue] = set()

    def heard(self, group: ConsumerGroup, member: Member) -> None:
        """A member has been heard of: its session begins anew."""
        classic = member.subscription.classic
        timeout = (
            self.core.config_of(group.name).group_consumer_session_timeout_ms
            if classic is None
            else classic.session_timeout
        )
        self.core.out.set_timer(ConsumerSessionDue(group.name, member.member_id), timeout)

    def moved(self, group: ConsumerGroup, member: Member) -> None:
        """A member has taken a step: what it has to give up, it has to from now on."""
        due = RevocationDue(group.name, member.member_id)
        unrevoked = member.state is MemberState.UNREVOKED
        if unrevoked and member.subscription.classic is None:
            self.core.out.set_timer(due, member.subscription.rebalance_timeout)
        else:
            self.core.out.cancel(due)

    def tell(self, group: ConsumerGroup, member: Member) -> None:
        """A member is told to join again."""
        due = RejoinDue(group.name, member.member_id)
        if due not in self.told:
            self.told.add(due)
            self.core.out.set_timer(due, member.subscription.rebalance_timeout)

    def joined(self, group: ConsumerGroup, member: Member) -> None:
        """A member has joined, and is to ask for its assignment."""
        self._drop(RejoinDue(group.name, member.member_id))
        due = ResyncDue(group.name, member.member_id)
        self.core.out.set_timer(due, member.subscription.rebalance_timeout)

    def synced(self, group: ConsumerGroup, member: Member) -> None:
        """A member has asked for its assignment."""
        self._drop(ResyncDue(group.name, member.member_id))

    def converted(self, group: ConsumerGroup, member: Member) -> None:
        """A member speaks the consumer protocol, whatever it spoke before."""
        self._drop(RejoinDue(group.name, member.member_id))
        self._drop(ResyncDue(group.name, member.member_id))

    def fired(self, due: Due) -> None:
        """A timer has run out."""
        if isinstance(due, RejoinDue):
            self.told.discard(due)

    def gone(self, group: str, name: str) -> None:
        """A member is out, or in a group of another kind."""
        for kind in KINDS:
            self._drop(kind(group, name))

    def settle(self, draft: Draft) -> None:
        """A draft is the group: who is out needs no timers, who was in a classic group new ones."""
        for name in draft.out:
            if name not in draft.group.members:
                self.gone(draft.group.name, name)
        if draft.was is not None:
            for name in draft.was.members:
                if name in draft.group.members:
                    self.heard(draft.group, draft.group.members[name])

    def _drop(self, due: Due) -> None:
        if isinstance(due, RejoinDue):
            self.told.discard(due)
        self.core.out.cancel(due)
