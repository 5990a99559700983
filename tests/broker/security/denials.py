"""What a user without rights asks, of each API, and what it is told: for two brokers to compare.

The user `nobody` comes by SASL_PLAINTEXT; who comes by PLAINTEXT is a super user, who has made a
topic before.  Every request names that topic, or a group or a transactional id of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from broker.errors import ErrorCode
from broker.wire import records
from broker.wire.apis import ApiKey
from broker.wire.batches import TRANSACTIONAL
from tests.broker.raw import RawClient

AUTHORIZER = "org.apache.kafka.metadata.authorizer.StandardAuthorizer"
JAAS = (
    "org.apache.kafka.common.security.plain.PlainLoginModule required "
    'user_nobody="nobody-secret" user_alice="alice-secret" user_admin="admin-secret";'
)
SETTINGS: Mapping[str, str] = {
    "authorizer.class.name": AUTHORIZER,
    "super.users": "User:ANONYMOUS;User:admin",
    "sasl.enabled.mechanisms": "PLAIN",
    "listener.name.sasl_plaintext.plain.sasl.jaas.config": JAAS,
}
NAME = "orders"
TELLING = {
    ErrorCode.TOPIC_AUTHORIZATION_FAILED,
    ErrorCode.GROUP_AUTHORIZATION_FAILED,
    ErrorCode.CLUSTER_AUTHORIZATION_FAILED,
    ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
}
Asked = dict[tuple[ApiKey, int], dict[str, Any]]


class Named(RawClient):
    """A connection of a user who has said his password."""

    def __init__(self, port: int, user: str) -> None:
        super().__init__(port, user)
        key = ApiKey.SASL_HANDSHAKE
        assert not self.answer_to(key, 1, mechanism="PLAIN")["error_code"]
        said = f"\0{user}\0{user}-secret".encode()
        found = self.answer_to(ApiKey.SASL_AUTHENTICATE, 2, auth_bytes=said)
        assert not found["error_code"], found


def make_topic(port: int) -> UUID:
    """The topic that requests are about; its id."""
    with RawClient(port) as client:
        topic = {"name": NAME, "num_partitions": 1, "replication_factor": 1}
        client.answer_to(ApiKey.CREATE_TOPICS, 5, topics=[topic], timeout=10_000)
        while True:
            [found] = client.answer_to(ApiKey.METADATA, 12, topics=[{"name": NAME}])["topics"]
            if not found["error_code"] and found["partitions"]:
                return UUID(str(found["topic_id"]))


def asked(topic: UUID) -> Asked:
    """A request of each API that not everybody may make, in the versions that matter."""
    return {**_about_topics(topic), **_about_groups(topic), **_about_the_cluster()}


def _about_topics(topic: UUID) -> Asked:
    key, part = ApiKey, {"partition_index": 0}
    batch = bytes(records.build([(b"k", b"v")], 1000))
    produced = [{"index": 0, "records": batch}]
    of_transaction = bytes(
        records.build(
            [(b"k", b"v")], 1000, attributes=TRANSACTIONAL, producer_id=1, producer_epoch=0
        )
    )
    in_transaction = [{"index": 0, "records": of_transaction}]
    fetched = {"partition": 0, "fetch_offset": 0, "partition_max_bytes": 100}
    named, new = [{"name": NAME}], [{"name": "new", "num_partitions": 1, "replication_factor": 1}]
    produce = {"acks": -1, "timeout": 1000}
    fetch = {"max_wait": 0, "min_bytes": 0, "max_bytes": 1000, "isolation_level": 0}
    producer = {"producer_id": 1, "producer_epoch": 0}
    offset = [{"partition_index": 0, "timestamp": -1, "current_leader_epoch": -1}]
    ended = [{"partition": 0, "current_leader_epoch": -1, "leader_epoch": 0}]
    return {
        (key.PRODUCE, 9): {
            **produce, "topic_data": [{"name": NAME, "partition_data": produced}]
        },
        (key.PRODUCE, 13): {
            **produce, "topic_data": [{"topic_id": topic, "partition_data": produced}]
        },
        (key.PRODUCE, 11): {
            **produce, "transactional_id": NAME,
            "topic_data": [{"name": NAME, "partition_data": in_transaction}],
        },
        (key.FETCH, 12): {**fetch, "topics": [{"topic": NAME, "partitions": [fetched]}]},
        (key.FETCH, 16): {**fetch, "topics": [{"topic_id": topic, "partitions": [fetched]}]},
        (key.LIST_OFFSETS, 7): {
            "replica_id": -1, "topics": [{"name": NAME, "partitions": offset}]
        },
        (key.METADATA, 0): {"topics": named},
        (key.METADATA, 9): {
            "topics": [*named, {"name": "missing"}], "allow_auto_topic_creation": True,
            "include_cluster_authorized_operations": True,
            "include_topic_authorized_operations": True,
        },
        (key.METADATA, 12): {"topics": [{"topic_id": topic, "name": None}]},
        (key.METADATA, 8): {"topics": None},
        (key.DESCRIBE_TOPIC_PARTITIONS, 0): {"topics": named, "response_partition_limit": 10},
        (key.CREATE_TOPICS, 7): {"topics": new, "timeout": 1000, "validate_only": True},
        (key.CREATE_PARTITIONS, 3): {
            "topics": [{"name": NAME, "count": 2}], "timeout": 1000, "validate_only": True
        },
        (key.DELETE_TOPICS, 5): {"topic_names": [NAME], "timeout": 1000},
        (key.DELETE_TOPICS, 6): {"topics": [{"topic_id": topic, "name": None}], "timeout": 1000},
        (key.DELETE_RECORDS, 2): {
            "topics": [{"name": NAME, "partitions": [{**part, "offset": 0}]}], "timeout": 1000
        },
        (key.OFFSET_FOR_LEADER_EPOCH, 4): {
            "replica_id": -1, "topics": [{"topic": NAME, "partitions": ended}]
        },
        (key.DESCRIBE_PRODUCERS, 0): {"topics": [{"name": NAME, "partition_indexes": [0]}]},
        (key.INIT_PRODUCER_ID, 4): {"transactional_id": None, "transaction_timeout": 1000,
                                    "producer_id": -1, "producer_epoch": -1},
        (key.INIT_PRODUCER_ID, 3): {"transactional_id": NAME, "transaction_timeout": 1000,
                                    "producer_id": -1, "producer_epoch": -1},
        (key.ADD_PARTITIONS_TO_TXN, 3): {
            "v3_and_below_transactional_id": NAME,
            "v3_and_below_producer_id": 1, "v3_and_below_producer_epoch": 0,
            "v3_and_below_topics": [{"name": NAME, "partitions": [0]}],
        },
        (key.ADD_PARTITIONS_TO_TXN, 5): {
            "transactions": [{
                **producer, "transactional_id": NAME, "verify_only": False,
                "topics": [{"name": NAME, "partitions": [0]}],
            }]
        },
        (key.ADD_OFFSETS_TO_TXN, 4): {**producer, "transactional_id": NAME, "group_id": NAME},
        (key.END_TXN, 4): {**producer, "transactional_id": NAME, "committed": True},
        (key.TXN_OFFSET_COMMIT, 4): {
            **producer, "transactional_id": NAME, "group_id": NAME, "generation_id": -1,
            "member_id": "", "group_instance_id": None,
            "topics": [{"name": NAME, "partitions": [{**part, "committed_offset": 1}]}],
        },
        (key.DESCRIBE_TRANSACTIONS, 0): {"transactional_ids": [NAME]},
        (key.LIST_TRANSACTIONS, 1): {"state_filters": [], "producer_id_filters": []},
    }  # fmt: skip


def _about_groups(topic: UUID) -> Asked:
    key, member = ApiKey, {"member_id": "m", "group_instance_id": None}
    group = {"group_id": NAME, "generation_id": 1, **member}
    commit = [{"partition_index": 0, "committed_offset": 1, "committed_leader_epoch": -1,
               "committed_metadata": ""}]  # fmt: skip
    committed = {"group_id": NAME, "generation_id_or_member_epoch": -1, "member_id": ""}
    positions = [{"name": NAME, "partition_indexes": [0]}]
    return {
        (key.FIND_COORDINATOR, 3): {"key": NAME, "key_type": 0},
        (key.FIND_COORDINATOR, 2): {"key": NAME, "key_type": 1},
        (key.FIND_COORDINATOR, 4): {"coordinator_keys": [NAME], "key_type": 1},
        (key.FIND_COORDINATOR, 6): {"coordinator_keys": [NAME], "key_type": 0},
        (key.JOIN_GROUP, 9): {
            **member, "group_id": NAME, "session_timeout": 10_000, "rebalance_timeout": 10_000,
            "protocol_type": "consumer", "protocols": [{"name": "range", "metadata": b""}],
        },
        (key.SYNC_GROUP, 5): {
            **group, "protocol_type": "consumer", "protocol_name": "range", "assignments": []
        },
        (key.HEARTBEAT, 4): group,
        (key.LEAVE_GROUP, 5): {"group_id": NAME, "members": [member]},
        (key.DESCRIBE_GROUPS, 5): {"groups": [NAME], "include_authorized_operations": True},
        (key.LIST_GROUPS, 5): {"states_filter": [], "types_filter": []},
        (key.DELETE_GROUPS, 2): {"groups_names": [NAME]},
        (key.OFFSET_COMMIT, 8): {
            **committed, "topics": [{"name": NAME, "partitions": commit}]
        },
        (key.OFFSET_COMMIT, 10): {
            **committed, "topics": [{"topic_id": topic, "partitions": commit}]
        },
        (key.OFFSET_FETCH, 1): {"group_id": NAME, "topics": positions},
        (key.OFFSET_FETCH, 7): {"group_id": NAME, "topics": positions},
        (key.OFFSET_FETCH, 9): {"groups": [{"group_id": NAME, "topics": positions}]},
        (key.OFFSET_FETCH, 10): {"groups": [{"group_id": NAME, "topics": None}]},
        (key.OFFSET_DELETE, 0): {
            "group_id": NAME, "topics": [{"name": NAME, "partitions": [{"partition_index": 0}]}]
        },
        (key.CONSUMER_GROUP_HEARTBEAT, 1): {
            "group_id": NAME, "member_id": "m", "member_epoch": 0, "rebalance_timeout": 1000,
            "subscribed_topic_names": [NAME], "topic_partitions": [],
        },
        (key.CONSUMER_GROUP_DESCRIBE, 1): {"group_ids": [NAME]},
    }  # fmt: skip


def _about_the_cluster() -> Asked:
    key = ApiKey
    acl = {"resource_type": 2, "resource_name": NAME, "principal": "User:nobody", "host": "*",
           "operation": 3, "permission_type": 3}  # fmt: skip
    any_acl = {"resource_type_filter": 1, "pattern_type_filter": 1, "operation": 1,
               "permission_type": 1}  # fmt: skip
    resources = [{"resource_type": kind, "resource_name": name, "configs": []}
                 for kind, name in ((2, NAME), (4, "0"), (32, NAME))]  # fmt: skip
    upsertion = {"name": "nobody", "mechanism": 1, "iterations": 4096, "salt": b"salt",
                 "salted_password": bytes(32)}  # fmt: skip
    return {
        (key.DESCRIBE_CLUSTER, 1): {"include_cluster_authorized_operations": True},
        (key.DESCRIBE_CONFIGS, 4): {
            "resources": [{**each, "configuration_keys": None} for each in resources]
        },
        (key.ALTER_CONFIGS, 2): {"resources": resources[:2], "validate_only": True},
        (key.INCREMENTAL_ALTER_CONFIGS, 1): {"resources": resources, "validate_only": True},
        (key.LIST_CONFIG_RESOURCES, 1): {"resource_types": []},
        (key.DESCRIBE_LOG_DIRS, 4): {"topics": None},
        (key.ALTER_REPLICA_LOG_DIRS, 2): {
            "dirs": [{"path": "/tmp", "topics": [{"name": NAME, "partitions": [0]}]}]  # noqa: S108
        },
        (key.ELECT_LEADERS, 2): {
            "election_type": 0, "timeout": 1000,
            "topic_partitions": [{"topic": NAME, "partitions": [0]}],
        },
        (key.ALTER_PARTITION_REASSIGNMENTS, 0): {
            "timeout": 1000,
            "topics": [{"name": NAME, "partitions": [{"partition_index": 0, "replicas": [0]}]}],
        },
        (key.LIST_PARTITION_REASSIGNMENTS, 0): {"timeout": 1000, "topics": None},
        (key.DESCRIBE_QUORUM, 2): {"topics": []},
        (key.DESCRIBE_ACLS, 3): any_acl,
        (key.CREATE_ACLS, 3): {"creations": [acl]},
        (key.DELETE_ACLS, 3): {"filters": [any_acl]},
        (key.DESCRIBE_CLIENT_QUOTAS, 1): {"components": [], "strict": False},
        (key.DESCRIBE_USER_SCRAM_CREDENTIALS, 0): {"users": [{"name": "nobody"}]},
        (key.ALTER_USER_SCRAM_CREDENTIALS, 0): {"deletions": [], "upsertions": [upsertion]},
    }  # fmt: skip


def told(answer: Any, at: str = "") -> Iterator[tuple[str, str]]:
    """What an answer says of errors and operations, and where."""
    if isinstance(answer, dict):
        for name, value in answer.items():
            yield from told(value, f"{at}.{name}" if at else name)
    elif isinstance(answer, list):
        for each in answer:
            yield from told(each, f"{at}[]")
    elif at.endswith(("error_code", "error")) and isinstance(answer, int):
        yield at, ErrorCode(answer).name
    elif at.endswith("operations"):
        yield at, str(answer)


def answers(port: int, topic: UUID, user: str = "nobody") -> dict[tuple[ApiKey, int], Any]:
    """What a user is answered to each request."""
    with Named(port, user) as client:
        return {
            (key, version): client.answer_to(key, version, **fields)
            for (key, version), fields in asked(topic).items()
        }


def lines(found: Mapping[tuple[ApiKey, int], Any]) -> str:
    """What answers say of errors and operations, a line for each."""
    said = {
        asked: ", ".join(f"{at} {what}" for at, what in sorted(set(told(each))))
        for asked, each in found.items()
    }
    return "".join(f"{key.name} {version}: {each}\n" for (key, version), each in said.items())


def refused(answer: Any) -> bool:
    """Whether somebody is told that he may not."""
    return any(what in {each.name for each in TELLING} for _, what in told(answer))
