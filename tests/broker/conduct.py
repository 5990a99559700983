"""Scenarios that are asked of this broker and of Apache Kafka, to hold the answers side by side.

Each is a function of a `Net`: it asks, and notes what is answered.  What differs from run to run
(the ids that a broker makes up) is replaced by its number in order of appearance.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from pprint import pformat
from typing import Any
from uuid import UUID, uuid4

from broker.errors import ErrorCode
from broker.wire.apis import APIS, ApiKey
from broker.wire.codec import NIL
from tests.broker.raw import RawClient

MADE_UP = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
PATIENCE = 15.0
COMING = {
    ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
    ErrorCode.COORDINATOR_NOT_AVAILABLE,
    ErrorCode.NOT_COORDINATOR,
}
"""What is said while a coordinator is not there yet."""


class Net:
    """Connections to one broker by name, and what was answered."""

    def __init__(self, port: int, mark: str) -> None:
        self._port, self.mark = port, mark
        self._stack = ExitStack()
        self._clients: dict[str, RawClient] = {}
        self._names: dict[str, str] = {}
        self.notes: list[Any] = []

    def close(self) -> None:
        self._stack.close()

    def client(self, name: str) -> RawClient:
        if name not in self._clients:
            self._clients[name] = self._stack.enter_context(RawClient(self._port, name))
        return self._clients[name]

    def ask(self, name: str, api: ApiKey, version: int, /, **fields: Any) -> dict[str, Any]:
        """Ask, and note the answer."""
        self.begin(name, api, version, **fields)
        return self.end(name)

    def begin(self, name: str, api: ApiKey, version: int, /, **fields: Any) -> None:
        """Ask what will be answered later."""
        self.client(name).send(api, version, **fields)

    def end(self, name: str) -> dict[str, Any]:
        """Note the answer to what was asked last."""
        answer = self.client(name).answer()
        self.note(name, answer)
        return answer

    def note(self, name: str, answer: dict[str, Any]) -> None:
        """Note what was answered."""
        self.notes.append((name, self._anonymous(answer)))

    def quietly(self, name: str, api: ApiKey, version: int, /, **fields: Any) -> dict[str, Any]:
        """Ask, and note nothing."""
        return self.client(name).answer_to(api, version, **fields)

    def call(self, made_up: str, name: str) -> None:
        """From now on note a string that a broker made up by another name."""
        self._names[made_up] = name

    def _anonymous(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._anonymous(item) for name, item in value.items()}
        if isinstance(value, list):
            # Members and groups come in no order that anybody could rely on.
            return sorted((self._anonymous(item) for item in value), key=str)
        if isinstance(value, UUID):
            return "no id" if value == NIL else "an id"
        if not isinstance(value, str):
            return value
        if value in self._names:
            return self._names[value]
        for made_up in MADE_UP.findall(value):
            number = self._names.setdefault(made_up, f"#{len(self._names) + 1}")
            value = value.replace(made_up, number)
        return value.replace(self.mark, "")

    # What scenarios have in common -----------------------------------------------------------

    def topic(self, name: str, partitions: int = 2) -> str:
        """A topic that nobody else uses."""
        name = f"{name}{self.mark}"
        topic = {"name": name, "num_partitions": partitions, "replication_factor": 1}
        self.quietly("admin", ApiKey.CREATE_TOPICS, 5, topics=[topic], timeout=10_000)
        self.until(
            lambda: all(
                not each["error_code"] and all(not p["error_code"] for p in each["partitions"])
                for each in self.quietly("admin", ApiKey.METADATA, 9, topics=[{"name": name}])[
                    "topics"
                ]
            )
        )
        return name

    def group(self, name: str) -> str:
        """A group that nobody else uses, whose coordinator is there."""
        return self._coordinated(f"{name}{self.mark}", 0)

    def transaction(self, name: str) -> str:
        """A transactional id that nobody else uses, whose coordinator is there."""
        return self._coordinated(f"{name}{self.mark}", 1)

    def _coordinated(self, key: str, kind: int) -> str:
        def there() -> bool:
            answer = self.quietly("admin", ApiKey.FIND_COORDINATOR, 3, key=key, key_type=kind)
            if answer["error_code"]:
                return False
            if kind:
                asked = {"transactional_ids": [key]}
                found = self.quietly("admin", ApiKey.DESCRIBE_TRANSACTIONS, 0, **asked)
                return found["transaction_states"][0]["error_code"] not in COMING
            described = self.quietly("admin", ApiKey.DESCRIBE_GROUPS, 5, groups=[key])
            return described["groups"][0]["error_code"] not in COMING

        self.until(there)
        return key

    @staticmethod
    def until(holds: Callable[[], bool]) -> None:
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end, "it took too long"
            time.sleep(0.05)


def join(group: str, member: str = "", **fields: Any) -> dict[str, Any]:
    """A JoinGroup that asks for nothing special."""
    protocols = fields.pop("protocols", {"range": b""})
    return {
        "group_id": group,
        "session_timeout": 30_000,
        "rebalance_timeout": 60_000,
        "member_id": member,
        "protocol_type": "consumer",
        "protocols": [{"name": name, "metadata": data} for name, data in protocols.items()],
        **fields,
    }


def sync(group: str, generation: int, member: str, **fields: Any) -> dict[str, Any]:
    """A SyncGroup."""
    assignments = fields.pop("assignments", {})
    return {
        "group_id": group,
        "generation_id": generation,
        "member_id": member,
        "assignments": [
            {"member_id": name, "assignment": data} for name, data in assignments.items()
        ],
        **fields,
    }


def alone(net: Net, group: str, **fields: Any) -> str:
    """One member in a stable group; its id."""
    known = fields.get("group_instance_id") is None
    member = ""
    if known:
        member = net.ask("a", ApiKey.JOIN_GROUP, 5, **join(group, **fields))["member_id"]
    joined = net.ask("a", ApiKey.JOIN_GROUP, 5, **join(group, member, **fields))
    member = str(joined["member_id"])
    synced = sync(
        group,
        joined["generation_id"],
        member,
        assignments={member: b"mine"},
        group_instance_id=fields.get("group_instance_id"),
    )
    net.ask("a", ApiKey.SYNC_GROUP, 3, **synced)
    return member


def groups(net: Net) -> None:
    """Join, sync, heartbeat and leave, in order and out of it."""
    group = net.group("g")
    net.ask("a", ApiKey.JOIN_GROUP, 5, **join(group, "nobody"))
    net.ask("a", ApiKey.JOIN_GROUP, 5, **join(group, session_timeout=1))
    net.ask("a", ApiKey.JOIN_GROUP, 5, **join("", "x"))
    net.ask("a", ApiKey.JOIN_GROUP, 5, **join(group, protocols={}))
    member = alone(net, group)
    net.ask("b", ApiKey.JOIN_GROUP, 5, **join(group, protocols={"other": b""}))
    net.ask("b", ApiKey.JOIN_GROUP, 5, **join(group, protocol_type="connect"))
    for generation, name in ((1, member), (0, member), (2, member), (1, "nobody")):
        beat = {"group_id": group, "generation_id": generation, "member_id": name}
        net.ask("a", ApiKey.HEARTBEAT, 3, **beat)
        net.ask("a", ApiKey.SYNC_GROUP, 3, **sync(group, generation, name))
    for told in (("connect", "range"), ("consumer", "other"), ("consumer", "range"), (None, None)):
        named = {"protocol_type": told[0], "protocol_name": told[1]}
        net.ask("a", ApiKey.SYNC_GROUP, 5, **sync(group, 1, member, **named))
    net.ask("a", ApiKey.DESCRIBE_GROUPS, 5, groups=[group, group + "none"])
    net.ask("a", ApiKey.DESCRIBE_GROUPS, 6, groups=[group + "none"])
    second = net.ask("b", ApiKey.JOIN_GROUP, 5, **join(group))["member_id"]
    net.begin("b", ApiKey.JOIN_GROUP, 5, **join(group, second))
    beat = {"group_id": group, "generation_id": 1, "member_id": member}
    net.until(lambda: net.quietly("a", ApiKey.HEARTBEAT, 3, **beat)["error_code"] == 27)
    net.ask("a", ApiKey.SYNC_GROUP, 3, **sync(group, 1, member))
    net.ask("a", ApiKey.DESCRIBE_GROUPS, 5, groups=[group])
    net.begin("a", ApiKey.JOIN_GROUP, 5, **join(group, member))
    answers = {"a": net.end("a"), "b": net.end("b")}
    leader = next(name for name, each in answers.items() if each["members"])
    follower = "ab".replace(leader, "")
    ids = {"a": member, "b": second}
    net.begin(follower, ApiKey.SYNC_GROUP, 3, **sync(group, 2, ids[follower]))
    given = {ids["a"]: b"one", ids["b"]: b"two"}
    net.ask(leader, ApiKey.SYNC_GROUP, 3, **sync(group, 2, ids[leader], assignments=given))
    net.end(follower)
    net.ask(follower, ApiKey.JOIN_GROUP, 5, **join(group, ids[follower]))
    leaving = [{"member_id": name} for name in (ids[follower], ids[follower], "nobody")]
    net.ask(follower, ApiKey.LEAVE_GROUP, 3, group_id=group, members=leaving)
    net.ask("a", ApiKey.LEAVE_GROUP, 1, group_id=group, member_id="nobody")
    net.ask("a", ApiKey.LEAVE_GROUP, 1, group_id=group, member_id=ids[leader])
    net.ask("a", ApiKey.LEAVE_GROUP, 1, group_id=group + "none", member_id="nobody")
    net.ask("a", ApiKey.DESCRIBE_GROUPS, 5, groups=[group])
    net.ask("a", ApiKey.DELETE_GROUPS, 2, groups_names=[group, group + "none"])
    net.ask("a", ApiKey.DESCRIBE_GROUPS, 5, groups=[group])


def static_members(net: Net) -> None:
    """A static member that comes back, with and without its id, in old and new versions."""
    group = net.group("s")
    first = alone(net, group, group_instance_id="one")
    net.ask("b", ApiKey.JOIN_GROUP, 5, **join(group, "wrong", group_instance_id="one"))
    net.ask("b", ApiKey.JOIN_GROUP, 5, **join(group, first, group_instance_id="two"))
    again = net.ask("b", ApiKey.JOIN_GROUP, 5, **join(group, group_instance_id="one"))
    beat = {"group_id": group, "generation_id": 1}
    net.ask("a", ApiKey.HEARTBEAT, 3, **beat, member_id=first, group_instance_id="one")
    net.ask("a", ApiKey.HEARTBEAT, 3, **beat, member_id=first)
    net.ask("b", ApiKey.SYNC_GROUP, 3, **sync(group, 1, again["member_id"]))
    changed = {"range": b"another subscription"}
    net.ask("b", ApiKey.JOIN_GROUP, 9, **join(group, group_instance_id="one", protocols=changed))
    leaving = [
        {"member_id": first, "group_instance_id": "one"},
        {"member_id": "", "group_instance_id": "none"},
        {"member_id": "", "group_instance_id": "one"},
    ]
    net.ask("b", ApiKey.LEAVE_GROUP, 3, group_id=group, members=leaving)
    net.ask("b", ApiKey.DESCRIBE_GROUPS, 5, groups=[group])


def asked_again(net: Net) -> None:
    """A member that asks again, on another connection, before it is answered: the last counts."""
    group = net.group("a")
    member = alone(net, group)
    second = net.ask("b", ApiKey.JOIN_GROUP, 5, **join(group))["member_id"]
    ids = {"a": member, "b": second}
    net.begin("b", ApiKey.JOIN_GROUP, 5, **join(group, second))
    beat = {"group_id": group, "generation_id": 1, "member_id": member}
    net.until(lambda: net.quietly("a", ApiKey.HEARTBEAT, 3, **beat)["error_code"] == 27)
    net.begin("b again", ApiKey.JOIN_GROUP, 5, **join(group, second))
    net.notes.append(net.client("b again").silent(0.3))
    net.begin("a", ApiKey.JOIN_GROUP, 5, **join(group, member))
    answers = {"a": net.end("a"), "b": net.end("b again")}
    net.notes.append(net.client("b").silent(0.3))
    leader = next(name for name, each in answers.items() if each["members"])
    follower = "ab".replace(leader, "")
    for name in ("c", "c again"):
        net.begin(name, ApiKey.SYNC_GROUP, 3, **sync(group, 2, ids[follower]))
        net.notes.append(net.client(name).silent(0.3))
    given = {ids["a"]: b"one", ids["b"]: b"two"}
    net.ask("d", ApiKey.SYNC_GROUP, 3, **sync(group, 2, ids[leader], assignments=given))
    net.notes.append(net.end("c again")["error_code"])
    net.notes.append(net.client("c").silent(0.3))


def commit(group: str, topic: str, offset: int, **fields: Any) -> dict[str, Any]:
    """An OffsetCommit of one partition."""
    part = {
        "partition_index": fields.pop("partition", 0),
        "committed_offset": offset,
        "committed_leader_epoch": -1,
        "committed_metadata": fields.pop("metadata", ""),
    }
    return {
        "group_id": group,
        "generation_id_or_member_epoch": fields.pop("generation", -1),
        "member_id": fields.pop("member", ""),
        "topics": [{"name": topic, "partitions": [part]}],
        **fields,
    }


def offsets(net: Net) -> None:
    """Commits of who may and of who may not, and what is fetched then."""
    topic, group, simple = net.topic("t"), net.group("o"), net.group("p")
    wanted = [{"name": topic, "partition_indexes": [0, 1]}]
    net.ask("a", ApiKey.OFFSET_FETCH, 7, group_id=simple, topics=wanted)
    net.ask("a", ApiKey.OFFSET_FETCH, 7, group_id=simple, topics=None)
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(simple, topic, 5, metadata="note"))
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(simple, topic, 3, metadata="x" * 4097))
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(simple, topic, 3, partition=9))
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(simple, "none" + net.mark, 3))
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(simple, topic, 3, generation=0, member="x"))
    net.ask("a", ApiKey.OFFSET_FETCH, 7, group_id=simple, topics=wanted)
    net.ask("a", ApiKey.OFFSET_FETCH, 7, group_id=simple, topics=None, require_stable=True)
    for version in (8, 9):
        new = commit(group, topic, 1, generation=0, member="x")
        net.ask("a", ApiKey.OFFSET_COMMIT, version, **new)
    member = alone(net, group)
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(group, topic, 7, generation=1, member=member))
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(group, topic, 7, generation=2, member=member))
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(group, topic, 7, generation=1, member="x"))
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **commit(group, topic, 7))
    static = commit(group, topic, 7, generation=1, member=member, group_instance_id="one")
    net.ask("a", ApiKey.OFFSET_COMMIT, 8, **static)
    several = [{"group_id": name, "topics": wanted} for name in (group, simple, group + "none")]
    net.ask("a", ApiKey.OFFSET_FETCH, 8, groups=several, require_stable=False)
    forget = [{"name": topic, "partitions": [{"partition_index": 0}, {"partition_index": 1}]}]
    net.ask("a", ApiKey.OFFSET_DELETE, 0, group_id=group, topics=forget)
    net.ask("a", ApiKey.OFFSET_DELETE, 0, group_id=simple, topics=forget)
    net.ask("a", ApiKey.OFFSET_DELETE, 0, group_id=group + "none", topics=forget)
    net.ask("a", ApiKey.DELETE_GROUPS, 1, groups_names=[group])
    net.ask("a", ApiKey.DELETE_GROUPS, 1, groups_names=[simple])
    net.ask("a", ApiKey.OFFSET_FETCH, 7, group_id=simple, topics=None)


def init(name: str | None, **fields: Any) -> dict[str, Any]:
    """An InitProducerId."""
    return {
        "transactional_id": name,
        "transaction_timeout": 60_000,
        "producer_id": -1,
        "producer_epoch": -1,
        **fields,
    }


class Producer:
    """A transactional id, and one who produces under it."""

    def __init__(self, net: Net, name: str, topic: str) -> None:
        self.net, self.name, self.topic = net, name, topic
        begun = net.quietly("a", ApiKey.INIT_PRODUCER_ID, 4, **init(name))
        while begun["error_code"] in COMING:
            begun = net.quietly("a", ApiKey.INIT_PRODUCER_ID, 4, **init(name))
        self.producer_id = begun["producer_id"]

    def at(self, epoch: int) -> dict[str, Any]:
        """The producer in this epoch."""
        who = {"producer_id": self.producer_id, "producer_epoch": epoch}
        return {"transactional_id": self.name, **who}

    def add(self, epoch: int, version: int = 3, partition: int = 0) -> int:
        """Let it reach a partition; come again as long as the one before is not over."""
        old = {f"v3_and_below_{key}": value for key, value in self.at(epoch).items()}
        topics = [{"name": self.topic, "partitions": [partition]}]
        asked = {**old, "v3_and_below_topics": topics}
        error = int(ErrorCode.CONCURRENT_TRANSACTIONS)
        while error == ErrorCode.CONCURRENT_TRANSACTIONS:
            answer = self.net.quietly("a", ApiKey.ADD_PARTITIONS_TO_TXN, version, **asked)
            [found] = answer["results_by_topic_v3_and_below"]
            error = found["results_by_partition"][0]["partition_error_code"]
        self.net.notes.append(("add", epoch, error))
        return error

    def end(self, epoch: int, version: int = 3, *, commit: bool) -> None:
        """End it; come again as long as it is not over."""
        asked = {**self.at(epoch), "committed": commit}
        answer = self.net.quietly("a", ApiKey.END_TXN, version, **asked)
        while answer["error_code"] == ErrorCode.CONCURRENT_TRANSACTIONS:
            answer = self.net.quietly("a", ApiKey.END_TXN, version, **asked)
        told = answer["error_code"], answer.get("producer_epoch")
        self.net.notes.append(("end", epoch, commit, told))

    def begin(self, version: int = 4, **fields: Any) -> None:
        """Begin anew, or go on; come again as long as the transaction before is not over."""
        asked = init(self.name, **fields)
        answer = self.net.quietly("a", ApiKey.INIT_PRODUCER_ID, version, **asked)
        while answer["error_code"] == ErrorCode.CONCURRENT_TRANSACTIONS:
            answer = self.net.quietly("a", ApiKey.INIT_PRODUCER_ID, version, **asked)
        same = answer["producer_id"] == self.producer_id
        told = answer["error_code"], answer["producer_epoch"], same
        self.net.notes.append(("begin", fields.get("producer_epoch"), told))

    def state(self) -> None:
        """How the transaction stands."""
        names = [self.name, self.name + "none", ""]
        found = self.net.quietly("a", ApiKey.DESCRIBE_TRANSACTIONS, 0, transactional_ids=names)
        self.net.notes.append(
            [
                (each["error_code"], each["transaction_state"], each["producer_epoch"])
                for each in found["transaction_states"]
            ]
        )


def transactions(net: Net) -> None:
    """Transactions of version 0, with positions in them."""
    topic, group, name = net.topic("t"), net.group("tg"), net.transaction("x")
    for bad in (init(name, transaction_timeout=0), init(name, transaction_timeout=900_001)):
        net.ask("a", ApiKey.INIT_PRODUCER_ID, 4, **bad)
    net.ask("a", ApiKey.INIT_PRODUCER_ID, 4, **init(""))
    net.ask("a", ApiKey.INIT_PRODUCER_ID, 4, **init(name, producer_epoch=3))
    producer = Producer(net, name, topic)
    producer.end(0, commit=True)
    producer.add(0)
    producer.add(0, partition=9)
    producer.add(1)
    producer.add(1, version=1)
    producer.end(1, commit=True)
    producer.end(1, version=1, commit=True)
    producer.end(0, commit=True)
    producer.end(0, commit=True)
    producer.end(0, commit=False)
    wrong = {**producer.at(0), "producer_id": producer.producer_id + 500, "group_id": group}
    net.ask("a", ApiKey.ADD_OFFSETS_TO_TXN, 3, **wrong)
    producer.add(0)
    net.ask("a", ApiKey.ADD_OFFSETS_TO_TXN, 3, **producer.at(0), group_id=group)
    part = {"partition_index": 0, "committed_offset": 5, "committed_metadata": ""}
    topics = [{"name": topic, "partitions": [part]}]
    pending = {**producer.at(0), "group_id": group, "topics": topics}
    net.ask("a", ApiKey.TXN_OFFSET_COMMIT, 3, **pending)
    stray = {**pending, "generation_id": 3, "member_id": "x"}
    net.ask("a", ApiKey.TXN_OFFSET_COMMIT, 3, **stray)
    wanted = {"group_id": group, "topics": [{"name": topic, "partition_indexes": [0, 1]}]}
    stable = {**wanted, "require_stable": True}
    net.ask("a", ApiKey.OFFSET_FETCH, 7, **stable)
    net.ask("a", ApiKey.OFFSET_FETCH, 7, **wanted, require_stable=False)
    producer.end(0, commit=True)
    net.until(lambda: not unstable(net.quietly("a", ApiKey.OFFSET_FETCH, 7, **stable)))
    net.ask("a", ApiKey.OFFSET_FETCH, 7, **stable)


def epochs(net: Net) -> None:
    """Who begins, who goes on (KIP-360), and transactions of version 2 (KIP-890)."""
    topic, name = net.topic("t"), net.transaction("e")
    producer = Producer(net, name, topic)
    producer.begin()
    for epoch in (1, 1, 0, 7):
        producer.begin(producer_id=producer.producer_id, producer_epoch=epoch)
    producer.begin(3, producer_id=producer.producer_id, producer_epoch=0)
    producer.begin(producer_id=producer.producer_id + 500, producer_epoch=2)
    producer.end(2, 5, commit=True)
    producer.end(2, 5, commit=False)
    producer.end(2, 5, commit=False)
    producer.end(2, 5, commit=True)
    producer.add(3)
    producer.end(3, 5, commit=True)
    producer.end(3, 5, commit=True)
    producer.end(3, 5, commit=False)
    producer.end(4, 5, commit=True)
    # Its transaction is open: it is aborted, and the producer fenced.
    producer.add(4)
    producer.begin()
    producer.end(4, commit=True)
    producer.add(4)
    producer.state()


def patterns(net: Net) -> None:
    """Transactions, listed by a regular expression that their whole names match."""
    topic = net.topic("t")
    for name in ("pay-1", "pay-22", "Other/x:y"):
        Producer(net, net.transaction(name), topic)
    mark = net.mark
    whole = ("pay.*", "pay-[0-9]", r"pay-\d+", ".*x:y", "(pay|Other).*", "[^p].*", r"\w+/\w:y")
    for pattern in (*(f"{each}{mark}" for each in whole), "pay", "(", "*", "a**"):
        asked = {"state_filters": [], "producer_id_filters": [], "duration_filter": -1}
        found = net.quietly("a", ApiKey.LIST_TRANSACTIONS, 2, **asked,
                            transactional_id_pattern=pattern)  # fmt: skip
        names = [each["transactional_id"] for each in found["transaction_states"]]
        net.note(pattern.replace(mark, ""), {"error": found["error_code"], "names": names})


def unstable(answer: dict[str, Any]) -> bool:
    """Whether a transaction is open in any partition."""
    return any(part["error_code"] for topic in answer["topics"] for part in topic["partitions"])


def consumers(net: Net) -> None:
    """Consumer groups of KIP-848, member by member."""
    topic, group = net.topic("c", 4), net.group("cg")
    ids = {
        each["name"]: each["topic_id"]
        for each in net.quietly("admin", ApiKey.METADATA, 12, topics=[{"name": topic}])["topics"]
    }

    def beat(name: str, epoch: int, owned: list[int] | None = None, **fields: Any) -> Any:
        told = None if owned is None else [{"topic_id": ids[topic], "partitions": owned}]
        joins = epoch == 0
        asked = {
            "group_id": group,
            "member_id": name,
            "member_epoch": epoch,
            "rebalance_timeout": 30_000 if joins else -1,
            "subscribed_topic_names": [topic] if joins else None,
            "topic_partitions": [] if joins else told,
            **fields,
        }
        answer = net.quietly(name or "a", ApiKey.CONSUMER_GROUP_HEARTBEAT, 1, **asked)
        assignment = answer["assignment"]
        found = assignment and sorted(
            number for each in assignment["topic_partitions"] for number in each["partitions"]
        )
        noted = None if assignment is None else len(found)
        net.notes.append((name, answer["error_code"], answer["member_epoch"], noted))
        return found

    known = (f"known{number}{net.mark}" for number in count())
    net.until(lambda: bool(beat("probe", 0, group_id=net.group(next(known)))))
    net.notes.clear()
    beat("a", 1)
    beat("", 0)
    beat("a", 0, rebalance_timeout=-1)
    beat("a", 0, subscribed_topic_names=None)
    beat("a", 0, server_assignor="sticky")
    beat("a", -2)
    beat("a", -3)
    beat("a", 0)
    beat("a", 2, [0, 1, 2, 3])
    # The next target is not made within a second of the one before.
    time.sleep(1.2)
    beat("b", 0)
    kept = beat("a", 2, [0, 1, 2, 3])
    beat("b", 3)
    beat("a", 2, kept)
    beat("b", 3)
    beat("a", 3, kept)
    beat("a", 2, kept)
    beat("a", 2, [*range(4)])
    beat("a", 5)
    beat("nobody", 3)
    for member, epoch in (("a", 3), ("a", 2), ("a", 4), ("x", 3)):
        asked = commit(group, topic, 1, generation=epoch, member=member, partition=(kept or [0])[0])
        net.ask("a", ApiKey.OFFSET_COMMIT, 9, **asked)
    net.ask("j", ApiKey.JOIN_GROUP, 3, **{**join(group + "none"), "member_id": "nobody"})
    net.ask("a", ApiKey.DELETE_GROUPS, 2, groups_names=[group])
    beat("a", -1)
    beat("b", -1)
    beat("b", 3)
    net.ask("a", ApiKey.DELETE_GROUPS, 2, groups_names=[group])


def versions(net: Net) -> None:
    """Each request in each of its versions: a member's, a commit's, a transaction's life."""
    topic, name = net.topic("v"), net.transaction("v")
    ids = {
        each["name"]: each["topic_id"]
        for each in net.quietly("admin", ApiKey.METADATA, 12, topics=[{"name": topic}])["topics"]
    }
    group = net.group("v")
    committed = commit(group, topic, 5)
    committed["topics"][0]["topic_id"] = ids[topic]
    wanted = {"name": topic, "topic_id": ids[topic], "partition_indexes": [0, 1]}
    one = {"group_id": group, "topics": [wanted]}
    left = {"group_id": group, "member_id": "nobody", "members": [{"member_id": "nobody"}]}
    forget = [{"name": topic, "partitions": [{"partition_index": 1}]}]
    asked: dict[ApiKey, dict[str, Any]] = {
        ApiKey.OFFSET_COMMIT: committed,
        ApiKey.OFFSET_FETCH: {**one, "groups": [one]},
        ApiKey.FIND_COORDINATOR: {"key": group, "key_type": 0, "coordinator_keys": [group]},
        ApiKey.JOIN_GROUP: join(group, "nobody"),
        ApiKey.HEARTBEAT: {"group_id": group, "generation_id": 1, "member_id": "nobody"},
        ApiKey.SYNC_GROUP: sync(group, 1, "nobody"),
        ApiKey.LEAVE_GROUP: left,
        ApiKey.DESCRIBE_GROUPS: {"groups": [group]},
        ApiKey.OFFSET_DELETE: {"group_id": group, "topics": forget},
        ApiKey.TXN_OFFSET_COMMIT: {**committed, "transactional_id": name, "producer_id": 1 << 40},
        ApiKey.ADD_OFFSETS_TO_TXN: {"transactional_id": name, "producer_id": 1, "group_id": group},
        ApiKey.END_TXN: {"transactional_id": name, "producer_id": 1, "committed": True},
        ApiKey.INIT_PRODUCER_ID: init(name, transaction_timeout=0),
        ApiKey.CONSUMER_GROUP_HEARTBEAT: {"group_id": group, "member_id": "m", "member_epoch": 1},
        ApiKey.CONSUMER_GROUP_DESCRIBE: {"group_ids": [group]},
        ApiKey.DESCRIBE_TRANSACTIONS: {"transactional_ids": [name]},
        ApiKey.DELETE_GROUPS: {"groups_names": [group + "none"]},
    }
    for api, fields in asked.items():
        for version in range(APIS[api].oldest, APIS[api].newest + 1):
            answer = net.quietly("a", api, version, **fields)
            for own in ("host", "port", "node_id"):
                for each in [answer, *answer.get("coordinators", ())]:
                    each.pop(own, None)
            net.note(f"{api.name} {version}", answer)


SCENARIOS = (
    versions,
    groups,
    asked_again,
    static_members,
    offsets,
    transactions,
    epochs,
    patterns,
    consumers,
)


def noted(scenario: Callable[[Net], None], port: int) -> str:
    """What a broker answers in a scenario."""
    net = Net(port, f"-{uuid4().hex[:12]}")
    try:
        scenario(net)
    finally:
        net.close()
    return pformat(net.notes, width=100) + "\n"
