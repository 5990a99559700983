"""Who has no rights is refused whatever it asks, as Apache Kafka refuses it.

What Apache Kafka 4.3.1 tells such a user is in `tests/broker/answers/denied.txt`; a slow test asks
it again, and writes the file anew where VERDICT_REWRITE is set.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from broker.server.guards.combine import free
from broker.server.handlers.table import HANDLERS
from broker.wire.apis import ApiKey
from conformance.peers import Absent
from conformance.peers.apache import apache_kafka
from conformance.peers.server import free_ports
from tests.broker.raw import RawClient
from tests.broker.security import partial
from tests.broker.security.denials import SETTINGS, Named, answers, lines, make_topic, refused
from tests.broker.server.running import Running, running

ANSWERS = Path(__file__).parents[1] / "answers" / "denied.txt"
PARTIAL = ANSWERS.with_name("partial_rights.txt")
LISTENERS = "PLAINTEXT://127.0.0.1:0,SASL_PLAINTEXT://127.0.0.1:0"
FOR_ALL = {
    ApiKey.API_VERSIONS,
    ApiKey.SASL_HANDSHAKE,
    ApiKey.SASL_AUTHENTICATE,
    ApiKey.DESCRIBE_CLUSTER,
}
"""What everybody may ask."""
HIDING = {
    (ApiKey.METADATA, 8): "topics",
    (ApiKey.LIST_GROUPS, 5): "groups",
    (ApiKey.LIST_TRANSACTIONS, 1): "transaction_states",
}
"""What is answered with nothing where who asks may see nothing, and where that would be."""
Answers = dict[tuple[ApiKey, int], Any]


def broker_with(folder: Path) -> Any:
    return running(folder, **{**SETTINGS, "listeners": LISTENERS})


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with broker_with(tmp_path_factory.mktemp("data")) as found:
        yield found


@pytest.fixture(scope="module")
def topic(broker: Running) -> UUID:
    make_group_and_transaction(broker.ports["PLAINTEXT"])
    return make_topic(broker.ports["PLAINTEXT"])


def make_group_and_transaction(port: int) -> None:
    with RawClient(port) as client:
        for kind in (0, 1):
            client.answer_to(ApiKey.FIND_COORDINATOR, 3, key="orders", key_type=kind)
        member = {"group_id": "there", "member_id": "", "session_timeout": 10_000,
                  "rebalance_timeout": 10_000, "protocol_type": "consumer",
                  "protocols": [{"name": "range", "metadata": b""}]}  # fmt: skip
        assert not client.answer_to(ApiKey.JOIN_GROUP, 2, **member)["error_code"]
        producer = {"transactional_id": "there", "transaction_timeout": 1000, "producer_id": -1}
        made = client.answer_to(ApiKey.INIT_PRODUCER_ID, 3, **producer, producer_epoch=-1)
        assert not made["error_code"]


@pytest.fixture(scope="module")
def told(broker: Running, topic: UUID) -> Answers:
    return answers(broker.ports["SASL_PLAINTEXT"], topic)


@pytest.mark.parametrize("key", sorted(set(HANDLERS) - FOR_ALL), ids=lambda key: key.name)
def test_each_api_is_refused_to_who_has_no_rights(key: ApiKey, told: Answers) -> None:
    about = {asked: answer for asked, answer in told.items() if asked[0] is key}
    assert about, "no request says what becomes of it"
    for asked, answer in about.items():
        if asked in HIDING:
            assert answer[HIDING[asked]] == [], asked
        else:
            assert refused(answer), asked


def test_what_is_told_is_what_kafka_tells(told: Answers) -> None:
    assert lines(told) == ANSWERS.read_text(encoding="utf-8")


def test_a_super_user_may_do_all_and_sees_what_there_is(tmp_path: Path) -> None:
    with broker_with(tmp_path) as broker:
        topic = make_topic(broker.ports["PLAINTEXT"])
        make_group_and_transaction(broker.ports["PLAINTEXT"])
        found = answers(broker.ports["SASL_PLAINTEXT"], topic, "admin")
    assert not any(refused(answer) for answer in found.values())
    assert all(found[asked][shown] for asked, shown in HIDING.items())


def test_an_api_without_its_guard_would_be_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    everything = dict.fromkeys(HANDLERS, free)
    monkeypatch.setattr("broker.server.guards.table.GUARDS", everything)
    with broker_with(tmp_path) as found:
        topic = make_topic(found.ports["PLAINTEXT"])
        make_group_and_transaction(found.ports["PLAINTEXT"])
        told = answers(found.ports["SASL_PLAINTEXT"], topic)
    # Each partition of a fetch is asked about where it is read.
    assert {asked[0] for asked, answer in told.items() if refused(answer)} == {ApiKey.FETCH}
    assert all(told[asked][shown] for asked, shown in HIDING.items())


def test_an_api_that_has_no_guard_is_not_served_with_an_authorizer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("broker.server.guards.table.GUARDS", {})
    with pytest.raises(KeyError), broker_with(tmp_path):
        pass


def test_where_rights_end_it_is_told_as_kafka_tells_it(tmp_path: Path) -> None:
    with broker_with(tmp_path) as found:
        answered = partial.told(found.ports["PLAINTEXT"], found.ports["SASL_PLAINTEXT"])
    assert answered == PARTIAL.read_text(encoding="utf-8")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_kafka_tells_so(tmp_path: Path) -> None:
    plain, sasl, controller = free_ports(3)
    here = "127.0.0.1"
    ours = f"PLAINTEXT://{here}:{plain},SASL_PLAINTEXT://{here}:{sasl}"
    settings = {
        **SETTINGS,
        "listeners": f"{ours},CONTROLLER://{here}:{controller}",
        "advertised.listeners": ours,
        "controller.quorum.voters": f"0@{here}:{controller}",
        "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,"
        "SASL_PLAINTEXT:SASL_PLAINTEXT",
        "num.partitions": "1",
    }
    try:
        with apache_kafka(tmp_path, settings=settings):
            found = {
                ANSWERS: lines(answers(sasl, make_topic(plain))),
                PARTIAL: partial.told(plain, sasl),
            }
    except Absent as absent:
        pytest.skip(str(absent))
    for path, text in found.items():
        if "VERDICT_REWRITE" in os.environ:
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")


def test_a_user_may_do_what_it_is_allowed_and_no_more(broker: Running, topic: UUID) -> None:
    """The names of topics that may not be described are told to nobody."""
    acl = {"resource_type": 2, "resource_name": "ord", "resource_pattern_type": 4,
           "principal": "User:alice", "host": "127.0.0.1", "permission_type": 3}  # fmt: skip
    port = broker.ports["SASL_PLAINTEXT"]
    with Named(port, "admin") as admin, Named(port, "alice") as alice:
        creations = [{**acl, "operation": 3}]
        made = admin.answer_to(ApiKey.CREATE_ACLS, 3, creations=creations)
        assert made["results"] == [{"error_code": 0, "error_message": None}]
        hidden = {"name": "hidden", "num_partitions": 1, "replication_factor": 1}
        admin.answer_to(ApiKey.CREATE_TOPICS, 5, topics=[hidden], timeout=1000)
        seen = alice.answer_to(
            ApiKey.METADATA, 12, topics=None, include_topic_authorized_operations=True
        )["topics"]
        assert [each["name"] for each in seen] == ["orders"]
        read_and_describe = 1 << 3 | 1 << 8
        assert seen[0]["topic_authorized_operations"] == read_and_describe
        listed = alice.answer_to(ApiKey.DESCRIBE_TOPIC_PARTITIONS, 0, topics=[],
                                 response_partition_limit=10)  # fmt: skip
        assert [each["name"] for each in listed["topics"]] == ["orders"]
        fields = {"max_wait": 0, "min_bytes": 0, "max_bytes": 1000, "isolation_level": 0}
        parts = [{"partition": 0, "fetch_offset": 0, "partition_max_bytes": 100}]
        both = [{"topic": name, "partitions": parts} for name in ("orders", "hidden")]
        found = alice.answer_to(ApiKey.FETCH, 12, **fields, topics=both, session_id=0,
                                session_epoch=0)  # fmt: skip
        assert [(each["topic"], each["partitions"][0]["error_code"])
                for each in found["responses"]] == [("orders", 0), ("hidden", 29)]  # fmt: skip
        session = found["session_id"]
        assert session
        filters = [{"resource_type_filter": 2, "resource_name_filter": "orders",
                    "pattern_type_filter": 2, "operation": 1, "permission_type": 1}]  # fmt: skip
        gone = admin.answer_to(ApiKey.DELETE_ACLS, 3, filters=filters)["filter_results"]
        assert [each["resource_name"] for each in gone[0]["matching_acls"]] == ["ord"]
        again = alice.answer_to(ApiKey.FETCH, 12, **fields, topics=[], session_id=session,
                                session_epoch=1)  # fmt: skip
        assert {(each["topic"], each["partitions"][0]["error_code"])
                for each in again["responses"]} >= {("orders", 29)}  # fmt: skip
