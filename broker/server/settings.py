"""What can be configured: Kafka's names, kinds and defaults, of brokers and of topics.

A topic's setting that is not given for the topic is the broker's of another name; one list says
which.  `broker.server.unused` has those that have no effect here; what is in none of these tables
is refused, so that a misspelt name is noticed.  Where Kafka wants three replicas by default there
is one here, and no more can be had: this broker is alone.

Sources: the configuration reference of Apache Kafka 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from broker.server.group_settings import GROUPS
from broker.server.security_settings import SECURITY, of_listener
from broker.server.setting import (
    MAX_INT,
    MAX_LONG,
    InvalidSetting,
    Kind,
    Setting,
    boolean,
    double,
    integer,
    long,
    string,
)
from broker.server.unused import UNUSED_DYNAMIC, UNUSED_FIXED, UNUSED_OF_TOPICS

DAY = 86_400_000

_CODECS = ("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")
_POLICY = Setting("log.cleanup.policy", Kind.LIST, ("delete",), choices=("compact", "delete"))
_LOG_DYNAMIC = (
    _POLICY,
    long("log.retention.ms", None, -1),
    long("log.retention.bytes", -1, -1),
    integer("log.segment.bytes", 1 << 30, 1 << 20),
    long("log.roll.ms", None, 1),
    integer("log.index.size.max.bytes", 10 << 20, 4),
    integer("log.index.interval.bytes", 4096),
    long("log.segment.delete.delay.ms", 60_000),
    long("log.flush.interval.messages", MAX_LONG, 1),
    long("log.flush.interval.ms", None),
    integer("message.max.bytes", 1_048_588),
    string("log.message.timestamp.type", "CreateTime", "CreateTime", "LogAppendTime"),
    long("log.message.timestamp.before.max.ms", MAX_LONG),
    long("log.message.timestamp.after.max.ms", 3_600_000),
    long("log.cleaner.delete.retention.ms", DAY),
    long("log.cleaner.min.compaction.lag.ms", 0),
    long("log.cleaner.max.compaction.lag.ms", MAX_LONG, 1),
    double("log.cleaner.min.cleanable.ratio", 0.5, 0, 1),
    integer("min.insync.replicas", 1, 1),
    string("compression.type", "producer", *_CODECS),
    Setting("compression.gzip.level", Kind.INT, -1, choices=(-1, *range(1, 10))),
    integer("compression.lz4.level", 9, 1, 17),
    integer("compression.zstd.level", 3, -131_072, 22),
    *UNUSED_DYNAMIC,
)
_FIXED = (
    integer("node.id", 0),
    string("listeners", "PLAINTEXT://127.0.0.1:9092"),
    string("advertised.listeners", None),
    string("log.dirs", None),
    string("broker.rack", None),
    integer("num.partitions", 1, 1),
    integer("default.replication.factor", 1, 1, 1),
    boolean("auto.create.topics.enable", default=True),
    boolean("delete.topic.enable", default=True),
    integer("log.roll.hours", 168, 1),
    integer("log.retention.hours", 168, -1),
    integer("log.retention.minutes", None, -1),
    long("log.retention.check.interval.ms", 300_000, 1),
    long("log.flush.scheduler.interval.ms", MAX_LONG),
    integer("log.flush.offset.checkpoint.interval.ms", 60_000),
    boolean("log.cleaner.enable", default=True),
    long("log.cleaner.backoff.ms", 15_000),
    integer("socket.request.max.bytes", 100 << 20, 1),
    integer("max.connections", MAX_INT),
    integer("max.connections.per.ip", MAX_INT),
    long("connections.max.idle.ms", 600_000),
    long("queued.max.request.bytes", -1, -1),
    integer("fetch.max.bytes", 55 << 20, 1024),
    integer("max.incremental.fetch.session.cache.slots", 1000),
    integer("offsets.topic.num.partitions", 50, 1),
    integer("offsets.topic.replication.factor", 1, 1, 1),
    integer("offsets.topic.segment.bytes", 100 << 20, 1),
    integer("offsets.retention.minutes", 10_080, 1),
    long("offsets.retention.check.interval.ms", 600_000, 1),
    integer("offset.metadata.max.bytes", 4096),
    integer("group.min.session.timeout.ms", 6000, 1),
    integer("group.max.session.timeout.ms", 1_800_000, 1),
    integer("group.initial.rebalance.delay.ms", 3000),
    integer("group.max.size", MAX_INT, 1),
    *GROUPS,
    integer("transaction.state.log.num.partitions", 50, 1),
    integer("transaction.state.log.replication.factor", 1, 1, 1),
    integer("transaction.state.log.min.isr", 1, 1, 1),
    integer("transaction.state.log.segment.bytes", 100 << 20, 1),
    integer("transaction.max.timeout.ms", 900_000, 1),
    integer("transactional.id.expiration.ms", 604_800_000, 1),
    integer("transaction.abort.timed.out.transaction.cleanup.interval.ms", 10_000, 1),
    integer("transaction.remove.expired.transaction.cleanup.interval.ms", 3_600_000, 1),
    integer("producer.id.expiration.ms", DAY, 1),
    integer("producer.id.expiration.check.interval.ms", 600_000, 1),
    *UNUSED_FIXED,
    *SECURITY,
)

BROKER: Mapping[str, Setting] = MappingProxyType(
    {
        **{setting.name: setting for setting in _FIXED},
        **{
            setting.name: Setting(**{**setting.__dict__, "dynamic": True})
            for setting in _LOG_DYNAMIC
        },
    }
)
"""The broker's settings."""


def of_broker(name: str) -> Setting | None:
    """The setting of the broker, or of one of its listeners, that has this name."""
    return BROKER.get(name) or of_listener(name)


SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "cleanup.policy": "log.cleanup.policy",
        "compression.gzip.level": "compression.gzip.level",
        "compression.lz4.level": "compression.lz4.level",
        "compression.type": "compression.type",
        "compression.zstd.level": "compression.zstd.level",
        "delete.retention.ms": "log.cleaner.delete.retention.ms",
        "file.delete.delay.ms": "log.segment.delete.delay.ms",
        "flush.messages": "log.flush.interval.messages",
        "flush.ms": "log.flush.interval.ms",
        "index.interval.bytes": "log.index.interval.bytes",
        "max.compaction.lag.ms": "log.cleaner.max.compaction.lag.ms",
        "max.message.bytes": "message.max.bytes",
        "message.timestamp.after.max.ms": "log.message.timestamp.after.max.ms",
        "message.timestamp.before.max.ms": "log.message.timestamp.before.max.ms",
        "message.timestamp.type": "log.message.timestamp.type",
        "min.cleanable.dirty.ratio": "log.cleaner.min.cleanable.ratio",
        "min.compaction.lag.ms": "log.cleaner.min.compaction.lag.ms",
        "min.insync.replicas": "min.insync.replicas",
        "preallocate": "log.preallocate",
        "retention.bytes": "log.retention.bytes",
        "retention.ms": "log.retention.ms",
        "segment.bytes": "log.segment.bytes",
        "segment.index.bytes": "log.index.size.max.bytes",
        "segment.ms": "log.roll.ms",
        "unclean.leader.election.enable": "unclean.leader.election.enable",
    }
)
"""The broker's setting that stands in for each setting of a topic."""

TOPIC: Mapping[str, Setting] = MappingProxyType(
    {
        **{
            name: Setting(**{**BROKER[synonym].__dict__, "name": name})
            for name, synonym in SYNONYMS.items()
        },
        **{setting.name: setting for setting in UNUSED_OF_TOPICS},
    }
)
"""The topics' settings."""

__all__ = ["BROKER", "SYNONYMS", "TOPIC", "InvalidSetting", "Kind", "Setting"]
