"""Scenarios of groups whose members speak both protocols, as those of `tests.broker.conduct` are.

Who has which partitions is up to hash tables, so only how many each has is noted, and there are
six: each of one, of two and of three members has as many as the others.
"""

from __future__ import annotations

import time
from typing import Any
from uuid import uuid4

from broker.groups.migration.embedded import (
    Assignment,
    NamedPartitions,
    Subscription,
    read_assignment,
    write_assignment,
    write_subscription,
)
from broker.wire.apis import ApiKey
from tests.broker.conduct import Net, commit, join, sync

INTERVAL = 1.2
"""Seconds after which there may be another target."""

Found = list[int]


class Party:
    """A group, its topic, and members of either protocol by name."""

    def __init__(self, net: Net, group: str, partitions: int = 6) -> None:
        self.net = net
        self.topic = net.topic(f"t{group}", partitions)
        self.group = net.group(group)
        described = net.quietly("admin", ApiKey.METADATA, 12, topics=[{"name": self.topic}])
        self.topic_id = described["topics"][0]["topic_id"]
        self.partitions = partitions
        self.ids: dict[str, str] = {}
        self.generations: dict[str, int] = {}
        self.has: dict[str, Found] = {}
        net.until(self._known)

    def _known(self) -> bool:
        """Whether the coordinator knows of the topic: another group is assigned of it."""
        asked = {
            "group_id": self.net.group(f"probe-{uuid4()}"),
            "member_id": "probe",
            "rebalance_timeout": 30_000,
            "subscribed_topic_names": [self.topic],
            "topic_partitions": [],
        }
        answer = self.net.quietly("probe", ApiKey.CONSUMER_GROUP_HEARTBEAT, 1, **asked)
        return bool(answer["assignment"] and answer["assignment"]["topic_partitions"])

    # The consumer protocol -------------------------------------------------------------------

    def beat(self, name: str, epoch: int, owned: Found | None = None, **fields: Any) -> None:
        """A heartbeat of a member that speaks the consumer protocol."""
        joins = epoch == 0
        told = None if owned is None else [{"topic_id": self.topic_id, "partitions": owned}]
        asked = {
            "group_id": self.group,
            "member_id": name,
            "member_epoch": epoch,
            "rebalance_timeout": 30_000 if joins else -1,
            "subscribed_topic_names": [self.topic] if joins else None,
            "topic_partitions": [] if joins else told,
            **fields,
        }
        answer = self.net.quietly(name, ApiKey.CONSUMER_GROUP_HEARTBEAT, 1, **asked)
        assignment = answer["assignment"]
        if assignment is not None:
            self.has[name] = sorted(
                number for each in assignment["topic_partitions"] for number in each["partitions"]
            )
        count = None if assignment is None else len(self.has[name])
        self.net.notes.append((f"{name} beats at {epoch}", answer["error_code"],
                               answer["member_epoch"], count))  # fmt: skip

    def follow(self, name: str, epoch: int) -> None:
        """It says that it has what it was told."""
        self.beat(name, epoch, self.has.get(name, []))

    # The classic protocol --------------------------------------------------------------------

    def said(self, owned: Found | None = None, version: int = 1) -> bytes:
        """What a member of the classic protocol says of itself."""
        parts = () if owned is None else (NamedPartitions(self.topic, tuple(owned)),)
        return write_subscription(Subscription((self.topic,), None, parts), version)

    def fields(self, owned: Found | None, **fields: Any) -> dict[str, Any]:
        protocols = dict.fromkeys(fields.pop("names", ("range",)), self.said(owned))
        return {"protocols": protocols, **fields}

    def joins(self, name: str, owned: Found | None = None, **fields: Any) -> dict[str, Any]:
        """It joins, comes back with an id if it is sent for one, and notes what it is told."""
        member = fields.pop("member", self.ids.get(name, ""))
        asked = self.fields(owned, **fields)
        asked = join(self.group, member, **asked)
        answer = self.net.quietly(name, ApiKey.JOIN_GROUP, 5, **asked)
        if answer["member_id"] not in {"", name, *self.ids.values()}:
            self.net.call(answer["member_id"], f"id {len(self.ids) + 1} of {name}")
        members = [{**each, "metadata": len(each["metadata"])} for each in answer["members"]]
        self.net.note(f"{name} joins", {**answer, "members": members})
        if answer["error_code"] == 79:
            self.ids[name] = answer["member_id"]
            return self.joins(name, owned, **fields)
        if not answer["error_code"]:
            self.ids[name] = answer["member_id"]
            self.generations[name] = answer["generation_id"]
        return answer

    def founds(self, name: str, user_data: bytes | None = None, **fields: Any) -> None:
        """It joins alone, leads, and gives itself everything."""
        self.joins(name, **fields)
        everything = NamedPartitions(self.topic, tuple(range(self.partitions)))
        given = {self.ids[name]: write_assignment(Assignment((everything,), user_data), 1)}
        self.syncs(name, assignments=given, group_instance_id=fields.get("group_instance_id"))

    def syncs(self, name: str, generation: int | None = None, **fields: Any) -> None:
        """It asks for its assignment."""
        at = self.generations.get(name, -1) if generation is None else generation
        asked = sync(self.group, at, self.ids.get(name, name), **fields)
        answer = self.net.quietly(name, ApiKey.SYNC_GROUP, 3, **asked)
        count = None
        if not answer["error_code"]:
            found = read_assignment(bytes(answer["assignment"]))
            self.has[name] = sorted(each for t in found.partitions for each in t.partitions)
            count = len(self.has[name])
        self.net.notes.append((f"{name} syncs at {at}", answer["error_code"], count))

    def lives(self, name: str, generation: int | None = None, **fields: Any) -> int:
        """It says that it is alive."""
        at = self.generations.get(name, -1) if generation is None else generation
        asked = {"group_id": self.group, "generation_id": at, **fields}
        asked.setdefault("member_id", self.ids.get(name, name))
        answer = self.net.quietly(name, ApiKey.HEARTBEAT, 3, **asked)
        self.net.notes.append((f"{name} lives at {at}", answer["error_code"]))
        return int(answer["error_code"])

    def leaves(self, *names: str, **fields: Any) -> None:
        """They leave."""
        members = [{"member_id": self.ids.get(name, name), **fields} for name in names]
        asked = {"group_id": self.group, "members": members}
        self.net.ask("admin", ApiKey.LEAVE_GROUP, 3, **asked)

    # Either ----------------------------------------------------------------------------------

    def commits(self, name: str, epoch: int, version: int = 9, partition: int = 0) -> None:
        """It commits a position."""
        member = self.ids.get(name, name)
        asked = commit(self.group, self.topic, 1, generation=epoch, member=member,
                       partition=partition)  # fmt: skip
        answer = self.net.quietly(name, ApiKey.OFFSET_COMMIT, version, **asked)
        error = answer["topics"][0]["partitions"][0]["error_code"]
        self.net.notes.append((f"{name} commits at {epoch}, version {version}", error))

    def positions(self, name: str, epoch: int) -> None:
        """It asks where the group stands, as a member."""
        wanted = {"group_id": self.group, "member_id": self.ids.get(name, name)}
        asked = [{**wanted, "member_epoch": epoch, "topics": None}]
        found = self.net.quietly(name, ApiKey.OFFSET_FETCH, 9, groups=asked, require_stable=False)
        self.net.notes.append((f"{name} fetches at {epoch}", found["groups"][0]["error_code"]))

    def shown(self) -> None:
        """What tools are told."""
        for version in (5, 6):
            found = self.net.quietly("admin", ApiKey.DESCRIBE_GROUPS, version, groups=[self.group])
            [classic] = found["groups"]
            for member in classic["members"]:
                for field in ("member_metadata", "member_assignment"):
                    member[field] = len(member[field])
            self.net.note("described", classic)
        found = self.net.quietly("admin", ApiKey.CONSUMER_GROUP_DESCRIBE, 1,
                                 group_ids=[self.group])  # fmt: skip
        [consumer] = found["groups"]
        for member in consumer["members"]:
            for field in ("assignment", "target_assignment"):
                parts = member[field]["topic_partitions"]
                member[field] = sum(len(each["partitions"]) for each in parts)
        self.net.note("described as a consumer group", consumer)
        self.listed()

    def listed(self, **filters: Any) -> None:
        """What the list of groups has of it."""
        asked = {"states_filter": [], "types_filter": [], **filters}
        found = self.net.quietly("admin", ApiKey.LIST_GROUPS, 5, **asked)
        mine = [each for each in found["groups"] if each["group_id"] == self.group]
        self.net.note("listed", {"groups": mine})

    def until_there_is_a_rebalance(self, name: str) -> None:
        """It lives until it is told to join again."""

        def told() -> bool:
            noted = len(self.net.notes)
            error = self.lives(name)
            if not error:
                del self.net.notes[noted:]
            return error != 0

        self.net.until(told)


def cooperative_upgrade(net: Net) -> None:  # noqa: PLR0915 - a story is as long as it is
    """A classic group becomes a mixed one, and then a consumer group, member by member."""
    party = Party(net, "up")
    party.founds("a")
    party.commits("a", 1)
    party.beat("b", 0)
    party.shown()
    for types in (["classic"], ["Consumer"]):
        party.listed(types_filter=types)
    for states in (["reconciling", "Stable"], ["Empty"]):
        party.listed(states_filter=states)
    # The generation that was is the member's epoch.
    party.lives("a", 0)
    party.lives("a")
    party.lives("b", 2)
    party.lives("nobody", 1)
    party.syncs("a")
    party.syncs("b", 2)
    party.commits("a", 1)
    party.commits("a", 1, 8)
    party.commits("a", 2)
    party.commits("a", 0)
    party.commits("b", 2, 8)
    party.commits("b", 1)
    party.positions("a", 1)
    party.positions("a", 2)
    party.joins("a", names=("other",))
    party.joins("a", protocol_type="connect")
    # It is told what it keeps, gives the rest up, and joins again.
    party.joins("a", [*range(6)])
    party.syncs("a", protocol_type="connect")
    party.syncs("a")
    party.lives("a")
    party.follow("b", 2)
    party.joins("a", [*range(6)])
    party.commits("a", 1, partition=party.has["a"][0])
    party.joins("a", party.has["a"])
    party.syncs("a", 1)
    party.syncs("a")
    party.lives("a")
    party.follow("b", 2)
    party.shown()
    # Another one, which has nothing when it joins; the target is not made before it may be.
    time.sleep(INTERVAL)
    party.joins("c")
    party.syncs("c")
    party.lives("c")
    party.lives("a")
    party.follow("b", 2)
    party.follow("b", 2)
    party.joins("a", party.has["a"])
    party.syncs("a")
    party.joins("a", party.has["a"])
    party.syncs("a")
    party.lives("a")
    if party.lives("c"):
        party.joins("c", party.has["c"])
        party.syncs("c")
    party.follow("b", 3)
    party.shown()
    time.sleep(INTERVAL)
    party.leaves("c", "c", "nobody")
    party.lives("c")
    party.follow("b", 3)
    party.lives("a")
    party.leaves("a")
    time.sleep(INTERVAL)
    party.follow("b", 4)
    party.shown()
    party.beat("b", -1)
    party.shown()
    net.ask("admin", ApiKey.DELETE_GROUPS, 2, groups_names=[party.group])


def eager_upgrade(net: Net) -> None:
    """An eager member gives everything up before it joins, and gets its share at once."""
    party = Party(net, "eager")
    party.founds("a", names=("range", "roundrobin"))
    party.beat("b", 0)
    party.lives("a")
    party.joins("a", names=("roundrobin",))
    party.syncs("a")
    party.lives("a")
    party.follow("b", 2)
    party.joins("c", names=("range",))
    party.joins("c", names=("range", "roundrobin"), member="x")
    party.syncs("c")
    party.shown()
    # A member that was of the classic protocol goes on with the other, under the same id.
    time.sleep(INTERVAL)
    party.beat("x", 0)
    party.lives("c")
    party.shown()
    party.leaves("b", "x")
    party.shown()
    party.lives("a")
    party.joins("a", names=("roundrobin",))
    party.shown()


def downgrade(net: Net) -> None:
    """A consumer group becomes a mixed one, and then a classic group."""
    party = Party(net, "down")
    party.beat("b", 0)
    time.sleep(INTERVAL)
    party.beat("c", 0)
    party.follow("b", 2)
    party.beat("b", 2, party.has["b"])
    party.follow("c", 3)
    time.sleep(INTERVAL)
    party.joins("a", names=("range", "cooperative-sticky"))
    party.syncs("a")
    for name in ("b", "c"):
        party.follow(name, 3)
        party.follow(name, 3)
    party.until_there_is_a_rebalance("a")
    party.joins("a", party.has["a"], names=("range", "cooperative-sticky"))
    party.syncs("a")
    party.shown()
    party.beat("c", -1)
    party.lives("a")
    time.sleep(INTERVAL)
    party.follow("b", 4)
    party.lives("a")
    party.joins("a", party.has["a"], names=("range", "cooperative-sticky"))
    party.syncs("a")
    party.follow("b", 5)
    party.shown()
    party.beat("b", -1)
    party.shown()
    party.beat("b", 5)
    party.lives("a", 4)
    party.lives("a")
    party.commits("a", party.generations["a"])
    party.founds("a", owned=party.has["a"], names=("range", "cooperative-sticky"))
    party.lives("a")
    party.shown()


def static_migration(net: Net) -> None:
    """A static member goes from one protocol to the other, and back."""
    party = Party(net, "static")
    one: dict[str, Any] = {"group_instance_id": "one"}
    party.founds("a", **one)
    former = party.ids["a"]
    party.beat("b", 0, instance_id="one")
    party.lives("a", **one)
    party.lives("a")
    party.joins("a", **one)
    party.leaves("a", **one)
    party.shown()
    party.beat("b", 1, instance_id="one")
    party.beat("b", 2, instance_id="one")
    party.beat("c", 0, instance_id="one")
    # Back: the member of the consumer protocol need not have left.
    party.joins("a", member="", **one)
    party.shown()
    party.syncs("a", **one)
    party.lives("a", **one)
    party.lives("a", member_id=former, **one)
    party.beat("b", 2, instance_id="one")
    # And up again, and back with another subscription: now there is a rebalance.
    party.beat("d", 0, instance_id="one")
    party.beat("d", -2, instance_id="one")
    party.lives("a", **one)
    party.topic = net.topic("another")
    party.joins("a", member="", **one)
    party.shown()
    party.lives("a", **one)


def no_upgrade(net: Net) -> None:
    """Classic groups that do not become consumer groups."""
    party = Party(net, "user")
    party.founds("a", user_data=b"mine")
    party.beat("b", 0)
    party.beat("b", 1)
    party.lives("a")
    party = Party(net, "rubbish")
    member = net.ask("a", ApiKey.JOIN_GROUP, 3, **join(party.group))["member_id"]
    net.ask("a", ApiKey.SYNC_GROUP, 3, **sync(party.group, 1, member))
    party.beat("b", 0)
    party = Party(net, "connect")
    net.ask("a", ApiKey.JOIN_GROUP, 3, **join(party.group, protocol_type="connect"))
    party.beat("b", 0)
    party = Party(net, "joins")
    party.beat("b", 0)
    net.ask("a", ApiKey.JOIN_GROUP, 3, **join(party.group))
    net.ask("a", ApiKey.JOIN_GROUP, 3, **join(party.group, protocols={"range": b"\0\1"}))
    net.ask("a", ApiKey.JOIN_GROUP, 5, **join(party.group, protocols={}))
    net.ask("a", ApiKey.JOIN_GROUP, 5, **join(party.group, "x", group_instance_id="one"))


def policy(net: Net) -> None:
    """What may become what, which is up to the policy that a broker is started with."""
    party = Party(net, "classic")
    party.founds("a")
    party.beat("b", 0)
    party.lives("a")
    party.listed()
    party = Party(net, "consumer")
    party.beat("b", 0)
    party.joins("a")
    party.listed()
    party.beat("b", -1)
    party.listed()
    party = Party(net, "replaced")
    party.beat("b", 0, instance_id="one")
    party.joins("a", group_instance_id="one")
    party.listed()
    party = Party(net, "empty")
    party.beat("b", 0)
    party.beat("b", -1)
    party.founds("a")
    party.leaves("a")
    party.listed()
    party.beat("b", 0)
    party.listed()


SET, DELETE, APPEND = 0, 1, 2
GROUP = 32
OF_GROUP = 8


def configured_groups(net: Net) -> None:
    """Settings of one group, within the broker's limits, and what its members are told of them."""
    party = Party(net, "configured")
    resource = {"resource_type": GROUP, "resource_name": party.group}

    def alter(*changes: tuple[str, int, str | None], **fields: Any) -> None:
        configs = [
            {"name": name, "config_operation": how, "value": value} for name, how, value in changes
        ]
        asked = {"resources": [{**resource, "configs": configs, **fields}], "validate_only": False}
        answer = net.quietly("admin", ApiKey.INCREMENTAL_ALTER_CONFIGS, 1, **asked)
        net.notes.append((changes, answer["responses"][0]["error_code"]))

    def shown() -> None:
        keys = ["consumer.session.timeout.ms", "consumer.heartbeat.interval.ms",
                "consumer.assignment.interval.ms"]  # fmt: skip
        asked = {"resources": [{**resource, "configuration_keys": keys}], "include_synonyms": True}
        answer = net.quietly("admin", ApiKey.DESCRIBE_CONFIGS, 4, **asked)
        for each in sorted(answer["results"][0]["configs"], key=lambda each: str(each["name"])):
            own = each["config_source"] == OF_GROUP
            net.notes.append((each["name"], own and each["value"], each["synonyms"][-1]["name"]))

    def told() -> None:
        asked = {"group_id": party.group, "member_id": "b", "rebalance_timeout": 30_000,
                 "subscribed_topic_names": [party.topic], "topic_partitions": []}  # fmt: skip
        answer = net.quietly("b", ApiKey.CONSUMER_GROUP_HEARTBEAT, 1, **asked)
        net.notes.append(("heartbeat interval", answer["heartbeat_interval"]))

    session, beat = "consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"
    interval = "consumer.assignment.interval.ms"
    shown()
    alter((session, SET, "50000"), (beat, SET, "7000"))
    shown()
    told()
    for name, value in ((session, "1"), (session, "70000"), (beat, "1"), (beat, "16000"),
                        (interval, "16000"), (session, "abc"), ("nonsense", "1")):  # fmt: skip
        alter((name, SET, value))
    alter((session, APPEND, "1"))
    alter((session, SET, "50000"), resource_name="")
    alter((beat, DELETE, None), (interval, SET, "0"))
    shown()


MIXED = (
    configured_groups,
    cooperative_upgrade,
    eager_upgrade,
    downgrade,
    static_migration,
    no_upgrade,
)
POLICIES = ("disabled", "upgrade", "downgrade", "bidirectional")
