"""A load whose group is not left in peace.

The members are processes.  One after the other, in an order that the seed says, one of them is

    killed      and another one takes its place
    stopped     for longer than its session, and goes on then: a *zombie*
    restarted   as a static member, within its session

or, one by one, all of them go from the classic protocol to the consumer protocol and back.  After
each, every partition has to be somebody's again before the next; producers send all the while.
"""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from conformance.history import Crash, Recorder
from conformance.load.members import Member, Owners
from conformance.load.topics import create
from conformance.load.workload import Plan, Stuck, _Load
from conformance.peers import Process, Server

CLASSIC, CONSUMER = "classic", "consumer"
SESSION = 6.0
"""Seconds after which a member that is not heard of is out, with either protocol."""

SETTLED = 1.0
"""Seconds for which nothing moves once everything is somebody's."""

QUICK = MappingProxyType(
    {
        "group.consumer.min.session.timeout.ms": "6000",
        "group.consumer.session.timeout.ms": "6000",
        "group.consumer.min.heartbeat.interval.ms": "500",
        "group.consumer.heartbeat.interval.ms": "500",
    }
)
"""A broker's settings with which members of the consumer protocol are missed as soon as others."""


@dataclass(frozen=True)
class Unrest:
    """What befalls a group.

    protocol  that its members begin with
    assignor  of the classic protocol: range, roundrobin or cooperative-sticky
    migrates  all go to the other protocol and back
    crashes   after each of these the broker is killed, and started again
    """

    protocol: str = CLASSIC
    assignor: str = "range"
    kills: int = 0
    zombies: int = 0
    restarts: int = 0
    migrates: bool = False
    crashes: bool = False


class _Unquiet(_Load):
    """A load that runs, and its members.

    calm  nothing more befalls them
    """

    def __init__(self, plan: Plan, unrest: Unrest, server: Server, recorder: Recorder) -> None:
        super().__init__(plan, server, recorder)
        self.unrest = unrest
        self.calm = threading.Event()
        self.owners = Owners()
        self.members: dict[int, Member] = {}
        self.protocols = dict.fromkeys(range(plan.consumers), unrest.protocol)
        self.lives = dict.fromkeys(range(plan.consumers), 0)

    def left(self, sent: int) -> int:
        """Producers go on as long as anything befalls the group."""
        return max(super().left(sent), 0 if self.calm.is_set() else 40)

    # Members ----------------------------------------------------------------------------------

    def begin(self, number: int) -> None:
        """A member starts, under the name of its next life."""
        name = f"member-{number}.{self.lives[number]}"
        self.lives[number] += 1
        settings: dict[str, Any] = {"partition.assignment.strategy": self.unrest.assignor}
        if self.protocols[number] == CONSUMER:
            # What goes for the classic protocol alone may not be said.
            settings = {"group.protocol": CONSUMER, "session.timeout.ms": None,
                        "heartbeat.interval.ms": None}  # fmt: skip
        if self.unrest.restarts:
            settings["group.instance.id"] = f"instance-{number}"
        told = {
            "bootstrap": self.server.bootstrap,
            "topic": self.plan.topic,
            "group": "group",
            "settings": settings,
        }
        self.members[number] = Member(name, told, self.recorder, self.committing, self.owners)

    def settle(self, *, but: int | None = None) -> None:
        """Wait until everything is somebody's, of those who are awake, and stays so for a while."""
        awake = {each.name for number, each in self.members.items() if number != but}
        since = time.monotonic()

        def settled() -> bool:
            nonlocal since
            if any(len(self.owners.of[place] & awake) != 1 for place in self.plan.places):
                since = time.monotonic()
            return time.monotonic() > since + SETTLED

        try:
            self.wait(settled, "every partition to be somebody's")
        except Stuck as stuck:
            raise Stuck(f"{stuck}, and they are {dict(self.owners.of)}") from None

    # What befalls them ------------------------------------------------------------------------

    def kill(self, number: int) -> None:
        """A member is killed, and another one takes its place."""
        self.members[number].kill()
        self.begin(number)

    def stop(self, number: int) -> None:
        """A member stands still for longer than its session."""
        self.members[number].stop()
        try:
            time.sleep(SESSION)
            self.settle(but=number)
        finally:
            self.members[number].go_on()

    def restart(self, number: int) -> None:
        """A member leaves, and comes back."""
        self.members[number].leave()
        self.begin(number)

    def survive(self) -> None:
        """The group settles, and does so again if the broker is killed."""
        self.settle()
        if self.unrest.crashes:
            assert isinstance(self.server, Process), "only a process of ours is killed"
            self.server.kill()
            self.recorder(Crash("broker"))
            self.server.start()
            self.settle()

    def unsettle(self) -> None:
        """All that is planned, one after the other."""
        dice = random.Random(f"{self.plan.seed} unrest")
        deeds = [
            *[self.kill] * self.unrest.kills,
            *[self.stop] * self.unrest.zombies,
            *[self.restart] * self.unrest.restarts,
        ]
        dice.shuffle(deeds)
        for deed in deeds:
            deed(dice.randrange(self.plan.consumers))
            self.survive()
        other = {CLASSIC: CONSUMER, CONSUMER: CLASSIC}
        for _ in range(2 if self.unrest.migrates else 0):
            for number in range(self.plan.consumers):
                self.protocols[number] = other[self.protocols[number]]
                self.restart(number)
                self.survive()

    def carry_out(self) -> None:
        """All of it."""
        for number in range(self.plan.consumers):
            self.begin(number)
        try:
            with self.producing() as finish:
                try:
                    self.settle()
                    self.unsettle()
                finally:
                    self.calm.set()
                finish()
                self.catch_up(self.read_everything())
        finally:
            for member in self.members.values():
                member.leave()


def run_unquiet(plan: Plan, unrest: Unrest, server: Server, recorder: Recorder) -> None:
    """Carry a load out against a broker, and let its group suffer.

    Stuck where it does not come to its end; what a client raises comes through.
    """
    create(server.bootstrap, plan.topic, plan.partitions)
    _Unquiet(plan, unrest, server, recorder).carry_out()
