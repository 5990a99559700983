"""A user with some rights, and what he is told where they end: for two brokers to compare.

alice may see the topic `seen` and the group `ours`, make topics that start with `mine`, read the
group, and write transactions of the id `paying`.  There are a topic and a group that she may not
see.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from broker.errors import ErrorCode
from broker.wire.apis import ApiKey
from broker.wire.codec import NIL
from tests.broker.raw import RawClient
from tests.broker.security.denials import Named

KEY = ApiKey
RIGHTS = [
    (2, "seen", 3, 8),
    (2, "seen", 3, 4),
    (2, "mine", 4, 5),
    (3, "ours", 3, 3),
    (5, "paying", 3, 4),
]
"""Resource type, name, pattern type, operation."""
PATIENCE = 20.0


def set_up(port: int) -> dict[str, UUID]:
    """Topics, groups and rights; the ids of the topics."""
    with RawClient(port) as admin:
        acls = [
            {"resource_type": kind, "resource_name": name, "resource_pattern_type": pattern,
             "principal": "User:alice", "host": "*", "operation": operation, "permission_type": 3}
            for kind, name, pattern, operation in RIGHTS
        ]  # fmt: skip
        made = admin.answer_to(KEY.CREATE_ACLS, 3, creations=acls)["results"]
        assert not any(each["error_code"] for each in made)
        topics = [{"name": name, "num_partitions": 1, "replication_factor": 1}
                  for name in ("seen", "hidden")]  # fmt: skip
        admin.answer_to(KEY.CREATE_TOPICS, 5, topics=topics, timeout=10_000)
        for group in ("ours", "theirs"):
            _commit(admin, group)
        asked = [{"name": each["name"]} for each in topics]
        found = admin.answer_to(KEY.METADATA, 12, topics=asked)["topics"]
        return {each["name"]: UUID(str(each["topic_id"])) for each in found}


def _commit(admin: RawClient, group: str) -> None:
    """Have a group that has read both topics."""
    part = [{"partition_index": 0, "committed_offset": 0, "committed_leader_epoch": -1,
             "committed_metadata": ""}]  # fmt: skip
    topics = [{"name": name, "partitions": part} for name in ("seen", "hidden")]
    due, errors = time.monotonic() + PATIENCE, {-1}
    while errors != {0}:
        assert time.monotonic() < due, errors
        admin.answer_to(KEY.FIND_COORDINATOR, 3, key=group, key_type=0)
        found = admin.answer_to(KEY.OFFSET_COMMIT, 8, group_id=group, member_id="", topics=topics,
                                generation_id_or_member_epoch=-1)  # fmt: skip
        errors = {p["error_code"] for each in found["topics"] for p in each["partitions"]}
        time.sleep(0.01)


def _questions(ids: dict[str, UUID]) -> Iterator[tuple[ApiKey, int, dict[str, Any]]]:
    both = [{"name": "seen"}, {"name": "hidden"}]
    part = {"partition_index": 0, "committed_offset": 0, "committed_leader_epoch": -1,
            "committed_metadata": ""}  # fmt: skip
    positions = [{**each, "partitions": [part]} for each in both]
    wanted = [{**each, "partition_indexes": [0]} for each in both]
    new = [{"name": name, "num_partitions": 1, "replication_factor": 1}
           for name in ("mine-1", "other")]  # fmt: skip
    asked = {"allow_auto_topic_creation": True, "include_topic_authorized_operations": True}
    yield KEY.METADATA, 12, {"topics": [*both, {"name": "gone"}, {"name": "mine-0"}], **asked}
    yield KEY.METADATA, 12, {"topics": None, **asked}
    yield (
        KEY.METADATA,
        12,
        {
            "topics": [
                {"topic_id": ids["seen"]},
                {"topic_id": ids["hidden"]},
                {"topic_id": UUID(int=7)},
            ]
        },
    )
    yield KEY.DESCRIBE_TOPIC_PARTITIONS, 0, {"topics": both, "response_partition_limit": 9}
    yield KEY.DESCRIBE_TOPIC_PARTITIONS, 0, {"topics": [], "response_partition_limit": 9}
    yield KEY.CREATE_TOPICS, 7, {"topics": new, "timeout": 9000}
    yield (
        KEY.DELETE_TOPICS,
        6,
        {
            "topics": [{"name": None, "topic_id": each} for each in (*ids.values(), UUID(int=7))],
            "timeout": 9000,
        },
    )
    yield (
        KEY.DELETE_TOPICS,
        6,
        {
            "topics": [{"name": name, "topic_id": NIL} for name in ("seen", "hidden", "gone")],
            "timeout": 9000,
        },
    )
    yield (
        KEY.OFFSET_COMMIT,
        8,
        {
            "group_id": "ours",
            "generation_id_or_member_epoch": -1,
            "member_id": "",
            "topics": positions,
        },
    )
    yield KEY.OFFSET_FETCH, 7, {"group_id": "ours", "topics": wanted}
    yield (
        KEY.OFFSET_FETCH,
        8,
        {
            "groups": [
                {"group_id": "ours", "topics": wanted},
                {"group_id": "theirs", "topics": wanted},
            ]
        },
    )
    yield KEY.OFFSET_FETCH, 8, {"groups": [{"group_id": "ours", "topics": None}]}
    yield KEY.LIST_GROUPS, 4, {"states_filter": []}
    yield (
        KEY.DESCRIBE_GROUPS,
        5,
        {"groups": ["ours", "theirs"], "include_authorized_operations": True},
    )
    yield KEY.DELETE_GROUPS, 2, {"groups_names": ["ours", "theirs"]}
    yield (
        KEY.DESCRIBE_CONFIGS,
        4,
        {"resources": [{"resource_type": 2, "resource_name": "seen", "configuration_keys": None}]},
    )
    yield (
        KEY.INIT_PRODUCER_ID,
        4,
        {
            "transactional_id": None,
            "transaction_timeout": 1000,
            "producer_id": -1,
            "producer_epoch": -1,
        },
    )
    yield KEY.DESCRIBE_CLUSTER, 1, {"include_cluster_authorized_operations": True}
    yield KEY.ADD_PARTITIONS_TO_TXN, 3, {
        "v3_and_below_transactional_id": "paying", "v3_and_below_producer_id": 1,
        "v3_and_below_producer_epoch": 0,
        "v3_and_below_topics": [{**each, "partitions": [0]} for each in both],
    }  # fmt: skip


NAMED = ("name", "topic", "group_id", "transactional_id")
TELLING = ("error_code", "authorized_operations", "committed_offset")


def _shown(answer: Any) -> Iterator[str]:
    """Who and what an answer names, with what it says of errors and operations."""
    if isinstance(answer, list):
        for each in answer:
            yield from _shown(each)
    elif isinstance(answer, dict):
        named = [str(answer[name]) for name in NAMED if name in answer]
        said = [
            f"{name}={ErrorCode(value).name if name.endswith('error_code') else value}"
            for name, value in answer.items()
            if name.endswith(TELLING)
        ]
        if (named or said) and "config_type" not in answer:
            yield " ".join([*named, *said])
        for value in answer.values():
            yield from _shown(value)


def told(plain: int, sasl: int) -> str:
    """What alice is told, a paragraph for each question."""
    ids, paragraphs = set_up(plain), []
    with Named(sasl, "alice") as alice:
        for key, version, fields in _questions(ids):
            answer = alice.answer_to(key, version, **fields)
            while answer.get("error_code") == ErrorCode.COORDINATOR_LOAD_IN_PROGRESS:
                answer = alice.answer_to(key, version, **fields)
            shown = "".join(f"  {line}\n" for line in sorted(_shown(answer)))
            paragraphs.append(f"{key.name} {version}\n{shown}")
    return "\n".join(paragraphs)
