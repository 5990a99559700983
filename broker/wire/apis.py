"""The APIs of the protocol: their keys, the versions served, and how each is read and written.

What ApiVersions tells is this table, less the APIs that nobody handles.  A version is listed only
if kio has it; a test looks.

One line is no truth but a kindness: Produce is told from version 0 on though 0 to 2 are refused,
as Apache Kafka does, because older librdkafka judges a broker's age by it.

Source: the message schemas of Apache Kafka 4.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from broker.wire.codec import Buffer, Struct, compile_decoder, compile_encoder
from broker.wire.once import NAMES, once
from broker.wire.output import Output


class ApiKey(IntEnum):
    """Which request it is."""

    PRODUCE = 0
    FETCH = 1
    LIST_OFFSETS = 2
    METADATA = 3
    OFFSET_COMMIT = 8
    OFFSET_FETCH = 9
    FIND_COORDINATOR = 10
    JOIN_GROUP = 11
    HEARTBEAT = 12
    LEAVE_GROUP = 13
    SYNC_GROUP = 14
    DESCRIBE_GROUPS = 15
    LIST_GROUPS = 16
    SASL_HANDSHAKE = 17
    API_VERSIONS = 18
    CREATE_TOPICS = 19
    DELETE_TOPICS = 20
    DELETE_RECORDS = 21
    INIT_PRODUCER_ID = 22
    OFFSET_FOR_LEADER_EPOCH = 23
    ADD_PARTITIONS_TO_TXN = 24
    ADD_OFFSETS_TO_TXN = 25
    END_TXN = 26
    WRITE_TXN_MARKERS = 27
    TXN_OFFSET_COMMIT = 28
    DESCRIBE_ACLS = 29
    CREATE_ACLS = 30
    DELETE_ACLS = 31
    DESCRIBE_CONFIGS = 32
    ALTER_CONFIGS = 33
    ALTER_REPLICA_LOG_DIRS = 34
    DESCRIBE_LOG_DIRS = 35
    SASL_AUTHENTICATE = 36
    CREATE_PARTITIONS = 37
    DELETE_GROUPS = 42
    ELECT_LEADERS = 43
    INCREMENTAL_ALTER_CONFIGS = 44
    ALTER_PARTITION_REASSIGNMENTS = 45
    LIST_PARTITION_REASSIGNMENTS = 46
    OFFSET_DELETE = 47
    DESCRIBE_CLIENT_QUOTAS = 48
    DESCRIBE_USER_SCRAM_CREDENTIALS = 50
    ALTER_USER_SCRAM_CREDENTIALS = 51
    DESCRIBE_QUORUM = 55
    DESCRIBE_CLUSTER = 60
    DESCRIBE_PRODUCERS = 61
    DESCRIBE_TRANSACTIONS = 65
    LIST_TRANSACTIONS = 66
    CONSUMER_GROUP_HEARTBEAT = 68
    CONSUMER_GROUP_DESCRIBE = 69
    LIST_CONFIG_RESOURCES = 74
    DESCRIBE_TOPIC_PARTITIONS = 75


@dataclass(frozen=True)
class Api:
    """One kind of request.

    oldest, newest  the versions that are served
    flexible        the first version with tagged fields, and so with the newer headers
    told            the oldest version that ApiVersions tells
    """

    key: ApiKey
    oldest: int
    newest: int
    flexible: int
    told: int

    def serves(self, version: int) -> bool:
        """Whether requests of this version are read."""
        return self.oldest <= version <= self.newest

    @property
    def schema(self) -> str:
        """What kio calls it."""
        return self.key.name.lower()


NEVER = 1 << 15


def _table() -> dict[ApiKey, Api]:
    key = ApiKey
    ranges = {
        key.PRODUCE: (3, 13, 9),
        key.FETCH: (4, 18, 12),
        key.LIST_OFFSETS: (1, 11, 6),
        key.METADATA: (0, 13, 9),
        key.OFFSET_COMMIT: (2, 10, 8),
        key.OFFSET_FETCH: (1, 10, 6),
        key.FIND_COORDINATOR: (0, 6, 3),
        key.JOIN_GROUP: (0, 9, 6),
        key.HEARTBEAT: (0, 4, 4),
        key.LEAVE_GROUP: (0, 5, 4),
        key.SYNC_GROUP: (0, 5, 4),
        key.DESCRIBE_GROUPS: (0, 6, 5),
        key.LIST_GROUPS: (0, 5, 3),
        key.SASL_HANDSHAKE: (0, 1, NEVER),
        key.API_VERSIONS: (0, 4, 3),
        key.CREATE_TOPICS: (2, 7, 5),
        key.DELETE_TOPICS: (1, 6, 4),
        key.DELETE_RECORDS: (0, 2, 2),
        key.INIT_PRODUCER_ID: (0, 5, 2),
        key.OFFSET_FOR_LEADER_EPOCH: (2, 4, 4),
        key.ADD_PARTITIONS_TO_TXN: (0, 5, 3),
        key.ADD_OFFSETS_TO_TXN: (0, 4, 3),
        key.END_TXN: (0, 5, 3),
        key.WRITE_TXN_MARKERS: (1, 2, 1),
        key.TXN_OFFSET_COMMIT: (0, 5, 3),
        key.DESCRIBE_ACLS: (1, 3, 2),
        key.CREATE_ACLS: (1, 3, 2),
        key.DELETE_ACLS: (1, 3, 2),
        key.DESCRIBE_CONFIGS: (1, 4, 4),
        key.ALTER_CONFIGS: (0, 2, 2),
        key.ALTER_REPLICA_LOG_DIRS: (1, 2, 2),
        key.DESCRIBE_LOG_DIRS: (1, 5, 2),
        key.SASL_AUTHENTICATE: (0, 2, 2),
        key.CREATE_PARTITIONS: (0, 3, 2),
        key.DELETE_GROUPS: (0, 2, 2),
        key.ELECT_LEADERS: (0, 2, 2),
        key.INCREMENTAL_ALTER_CONFIGS: (0, 1, 1),
        key.ALTER_PARTITION_REASSIGNMENTS: (0, 1, 0),
        key.LIST_PARTITION_REASSIGNMENTS: (0, 0, 0),
        key.OFFSET_DELETE: (0, 0, NEVER),
        key.DESCRIBE_CLIENT_QUOTAS: (0, 1, 1),
        key.DESCRIBE_USER_SCRAM_CREDENTIALS: (0, 0, 0),
        key.ALTER_USER_SCRAM_CREDENTIALS: (0, 0, 0),
        key.DESCRIBE_QUORUM: (0, 2, 0),
        key.DESCRIBE_CLUSTER: (0, 2, 0),
        key.DESCRIBE_PRODUCERS: (0, 0, 0),
        key.DESCRIBE_TRANSACTIONS: (0, 0, 0),
        key.LIST_TRANSACTIONS: (0, 2, 0),
        key.CONSUMER_GROUP_HEARTBEAT: (0, 1, 0),
        key.CONSUMER_GROUP_DESCRIBE: (0, 1, 0),
        key.LIST_CONFIG_RESOURCES: (0, 1, 0),
        key.DESCRIBE_TOPIC_PARTITIONS: (0, 0, 0),
    }
    return {
        key: Api(key, oldest, newest, flexible, 0 if key is ApiKey.PRODUCE else oldest)
        for key, (oldest, newest, flexible) in ranges.items()
    }


APIS: Mapping[ApiKey, Api] = _table()


def _class(api: Api, version: int, kind: str) -> type:
    from kio.index import load_request_schema, load_response_schema

    load: Callable[[int, int], Any] = (
        load_request_schema if kind == "request" else load_response_schema
    )
    found: type = load(api.key, version)
    return found


def message_decoder(key: ApiKey, version: int) -> Callable[[Buffer, int], Struct]:
    """Reads a request's body as it is; `Malformed` where there is none."""
    api = APIS[key]
    others = [_class(api, other, "request") for other in (api.oldest, api.newest)]
    return compile_decoder(_class(api, version, "request"), others)


@cache
def request_decoder(key: ApiKey, version: int) -> Callable[[Buffer, int], Struct]:
    """The same, with what is named twice named once, where that is all that is meant."""
    read, named = message_decoder(key, version), NAMES.get(APIS[key].schema)
    return read if named is None else lambda data, at: once(read(data, at), *named)


@cache
def response_encoder(key: ApiKey, version: int) -> Callable[[Output, Mapping[str, Any]], None]:
    """Writes a response's body."""
    return compile_encoder(_class(APIS[key], version, "response"))
