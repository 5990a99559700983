"""What can be configured: Kafka's names, kinds and defaults, of brokers and of topics.

A topic's setting that is not given for the topic is the broker's of another name; one list says
which.  What is not in these tables is refused, so that a misspelt name is noticed.  Where Kafka
wants three replicas by default there is one here, and no more can be had: this broker is alone.

Sources: the configuration reference of Apache Kafka 4.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType
from typing import Any

MAX_INT = (1 << 31) - 1
MAX_LONG = (1 << 63) - 1
DAY = 86_400_000


class Kind(IntEnum):
    """What a setting's values are; the numbers are those of DescribeConfigs."""

    BOOLEAN = 1
    STRING = 2
    INT = 3
    SHORT = 4
    LONG = 5
    DOUBLE = 6
    LIST = 7
    CLASS = 8
    PASSWORD = 9


class InvalidSetting(ValueError):  # noqa: N818 - what the value is
    """A name that is not known, or a value that it may not have; the message says which."""


@dataclass(frozen=True)
class Setting:
    """One thing that can be configured.

    least, most  of a number
    choices      of a string, or of each item of a list
    dynamic      it may be changed while the broker runs
    """

    name: str
    kind: Kind
    default: Any
    least: float | None = None
    most: float | None = None
    choices: tuple[str, ...] = ()
    dynamic: bool = False

    def parse(self, text: str) -> Any:
        """The value that a text stands for; `InvalidSetting` where it may not be."""
        try:
            value = _PARSE[self.kind](text.strip())
        except ValueError as error:
            raise self._invalid(text, f"it is no {self.kind.name.lower()}") from error
        if self.least is not None and value < self.least:
            raise self._invalid(text, f"it must be at least {self.least}")
        if self.most is not None and value > self.most:
            raise self._invalid(text, f"it must be at most {self.most}")
        items = value if self.kind is Kind.LIST else (value,)
        if self.choices and not set(items) <= set(self.choices):
            raise self._invalid(text, f"it must be of {', '.join(self.choices)}")
        return value

    def _invalid(self, text: str, why: str) -> InvalidSetting:
        shown = "" if self.kind is Kind.PASSWORD else f" {text!r}"
        return InvalidSetting(f"Invalid value{shown} for configuration {self.name}: {why}")

    def show(self, value: Any) -> str | None:
        """The text that stands for a value."""
        if value is None:
            return None
        if self.kind is Kind.BOOLEAN:
            return "true" if value else "false"
        return ",".join(value) if self.kind is Kind.LIST else str(value)


def _boolean(text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise ValueError(text)
    return text.lower() == "true"


def _list(text: str) -> tuple[str, ...]:
    return tuple(item.strip() for item in text.split(",") if item.strip())


_PARSE: Mapping[Kind, Any] = {
    Kind.BOOLEAN: _boolean,
    Kind.STRING: str,
    Kind.INT: int,
    Kind.SHORT: int,
    Kind.LONG: int,
    Kind.DOUBLE: float,
    Kind.LIST: _list,
    Kind.CLASS: str,
    Kind.PASSWORD: str,
}


def _int(name: str, default: int | None, least: int = 0, most: int = MAX_INT) -> Setting:
    return Setting(name, Kind.INT, default, least, most)


def _long(name: str, default: int | None, least: int = 0, most: int = MAX_LONG) -> Setting:
    return Setting(name, Kind.LONG, default, least, most)


def _bool(name: str, default: bool) -> Setting:  # noqa: FBT001 - the value itself
    return Setting(name, Kind.BOOLEAN, default)


def _string(name: str, default: str | None, *choices: str) -> Setting:
    return Setting(name, Kind.STRING, default, choices=choices)


_CODECS = ("uncompressed", "zstd", "lz4", "snappy", "gzip", "producer")
_POLICY = Setting("log.cleanup.policy", Kind.LIST, ("delete",), choices=("compact", "delete"))
_LOG_DYNAMIC = (
    _POLICY,
    _long("log.retention.ms", None, -1),
    _long("log.retention.bytes", -1, -1),
    _int("log.segment.bytes", 1 << 30, 1 << 20),
    _long("log.roll.ms", None, 1),
    _int("log.index.size.max.bytes", 10 << 20, 4),
    _int("log.index.interval.bytes", 4096),
    _long("log.segment.delete.delay.ms", 60_000),
    _long("log.flush.interval.messages", MAX_LONG, 1),
    _long("log.flush.interval.ms", None),
    _int("message.max.bytes", 1_048_588),
    _string("log.message.timestamp.type", "CreateTime", "CreateTime", "LogAppendTime"),
    _long("log.message.timestamp.before.max.ms", MAX_LONG),
    _long("log.message.timestamp.after.max.ms", 3_600_000),
    _long("log.cleaner.delete.retention.ms", DAY),
    _long("log.cleaner.min.compaction.lag.ms", 0),
    _long("log.cleaner.max.compaction.lag.ms", MAX_LONG, 1),
    Setting("log.cleaner.min.cleanable.ratio", Kind.DOUBLE, 0.5, 0, 1),
    _int("min.insync.replicas", 1, 1),
    _string("compression.type", "producer", *_CODECS),
    _bool("log.preallocate", default=False),
    # There is no Kerberos here; clients' tests take this one to see whether a broker's settings
    # can be changed.
    _long("sasl.kerberos.min.time.before.relogin", 60_000),
)
_FIXED = (
    _int("node.id", 0),
    _string("listeners", "PLAINTEXT://127.0.0.1:9092"),
    _string("advertised.listeners", None),
    _string("log.dirs", None),
    _string("broker.rack", None),
    _int("num.partitions", 1, 1),
    _int("default.replication.factor", 1, 1, 1),
    _bool("auto.create.topics.enable", default=True),
    _bool("delete.topic.enable", default=True),
    _int("log.roll.hours", 168, 1),
    _int("log.retention.hours", 168, -1),
    _int("log.retention.minutes", None, -1),
    _long("log.retention.check.interval.ms", 300_000, 1),
    _long("log.flush.scheduler.interval.ms", MAX_LONG),
    _int("log.flush.offset.checkpoint.interval.ms", 60_000),
    _bool("log.cleaner.enable", default=True),
    _long("log.cleaner.backoff.ms", 15_000),
    _int("socket.request.max.bytes", 100 << 20, 1),
    _int("max.connections", MAX_INT),
    _int("max.connections.per.ip", MAX_INT),
    _long("connections.max.idle.ms", 600_000),
    _long("queued.max.request.bytes", -1, -1),
    _int("fetch.max.bytes", 55 << 20, 1024),
    _int("max.incremental.fetch.session.cache.slots", 1000),
    _int("offsets.topic.num.partitions", 50, 1),
    _int("offsets.topic.replication.factor", 1, 1, 1),
    _int("offsets.topic.segment.bytes", 100 << 20, 1),
    _int("offsets.retention.minutes", 10_080, 1),
    _long("offsets.retention.check.interval.ms", 600_000, 1),
    _int("offset.metadata.max.bytes", 4096),
    _int("group.min.session.timeout.ms", 6000, 1),
    _int("group.max.session.timeout.ms", 1_800_000, 1),
    _int("group.initial.rebalance.delay.ms", 3000),
    _int("group.max.size", MAX_INT, 1),
    _int("group.consumer.session.timeout.ms", 45_000, 1),
    _int("group.consumer.heartbeat.interval.ms", 5_000, 1),
    _int("group.consumer.max.size", MAX_INT, 1),
    Setting("group.consumer.assignors", Kind.LIST, ("uniform", "range")),
    _int("transaction.state.log.num.partitions", 50, 1),
    _int("transaction.state.log.replication.factor", 1, 1, 1),
    _int("transaction.state.log.min.isr", 1, 1, 1),
    _int("transaction.state.log.segment.bytes", 100 << 20, 1),
    _int("transaction.max.timeout.ms", 900_000, 1),
    _int("transactional.id.expiration.ms", 604_800_000, 1),
    _int("transaction.abort.timed.out.transaction.cleanup.interval.ms", 10_000, 1),
    _int("transaction.remove.expired.transaction.cleanup.interval.ms", 3_600_000, 1),
    _int("producer.id.expiration.ms", DAY, 1),
    _int("producer.id.expiration.check.interval.ms", 600_000, 1),
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

SYNONYMS: Mapping[str, str] = MappingProxyType(
    {
        "cleanup.policy": "log.cleanup.policy",
        "compression.type": "compression.type",
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
    }
)
"""The broker's setting that stands in for each setting of a topic."""

_ALONE = (
    _long("segment.jitter.ms", 0),
    _bool("unclean.leader.election.enable", default=False),
    _string("leader.replication.throttled.replicas", ""),
    _string("follower.replication.throttled.replicas", ""),
)

TOPIC: Mapping[str, Setting] = MappingProxyType(
    {
        **{
            name: Setting(**{**BROKER[synonym].__dict__, "name": name})
            for name, synonym in SYNONYMS.items()
        },
        **{setting.name: setting for setting in _ALONE},
    }
)
"""The topics' settings."""
