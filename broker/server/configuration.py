"""The configuration in force: what was given, what stands in for what was not.

What is not given has its default.  Where Kafka has one setting in three units (log.retention.ms,
.minutes, .hours), the finest that was given counts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace
from itertools import takewhile
from types import MappingProxyType
from typing import Any

from broker.groups.config import GroupConfig
from broker.log.settings import MAX_INT64, LogSettings
from broker.server.group_settings import LIMITS_OF_GROUPS, SYNONYMS_OF_GROUPS, check_group
from broker.server.security_settings import prefixed
from broker.server.settings import BROKER, SYNONYMS, TOPIC, InvalidSetting, of_broker
from broker.transactions.config import TransactionConfig
from broker.wire.batches import Codec
from broker.wire.compression import LEVELS

HOUR, MINUTE = 3_600_000, 60_000

_CODECS: Mapping[str, Codec | None] = MappingProxyType(
    {
        "producer": None,
        "uncompressed": Codec.NONE,
        "gzip": Codec.GZIP,
        "snappy": Codec.SNAPPY,
        "lz4": Codec.LZ4,
        "zstd": Codec.ZSTD,
    }
)


def parse_assignments(words: Iterable[str]) -> dict[str, str]:
    """`name=value` words as a mapping; `InvalidSetting` where one is none or is not known."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            # Only the name is shown: the rest may be a secret.
            shown = "".join(takewhile(lambda each: each.isalnum() or each in ".-_", word))
            raise InvalidSetting(f"{shown!r} is followed by no =value")
        if of_broker(name) is None:
            raise InvalidSetting(f"Unknown configuration {name!r}{_near(name)}")
        found[name] = value
    return found


def _near(name: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, BROKER, n=1)
    return f": did you mean {near[0]}?" if near else ""


class Configuration:
    """The broker's settings, and the topics' that follow from them.

    given   what was set at the start, as text
    groups  what is configured of single groups, as text
    """

    def __init__(self, given: Mapping[str, str]) -> None:
        self.given: dict[str, Any] = {}
        for name, text in given.items():
            setting = of_broker(name)
            if setting is None:
                raise InvalidSetting(f"Unknown configuration {name!r}{_near(name)}")
            self.given[name] = setting.parse(text)
        self.changed: dict[str, Any] = {}
        self.groups: dict[str, dict[str, str]] = {}

    def __getitem__(self, name: str) -> Any:
        """The value in force of one of the broker's settings."""
        for values in (self.changed, self.given):
            if name in values:
                return values[name]
        return self._standing_in(name)

    def of_listener(self, listener: str, name: str) -> Any:
        """The value in force for one of the listeners."""
        alone = prefixed(listener, name)
        return self.given[alone] if alone in self.given else self[name]

    def _standing_in(self, name: str) -> Any:
        if name == "log.retention.ms":
            minutes, hours = self["log.retention.minutes"], self["log.retention.hours"]
            if minutes is not None:
                return minutes * MINUTE if minutes >= 0 else -1
            return hours * HOUR if hours >= 0 else -1
        if name == "log.roll.ms":
            return self["log.roll.hours"] * HOUR
        if name == "log.flush.interval.ms":
            return self["log.flush.scheduler.interval.ms"]
        setting = of_broker(name)
        if setting is None:
            raise KeyError(name)
        return setting.default

    def change(self, texts: Mapping[str, str]) -> None:
        """Have these values and no others in place of what was given at the start."""
        values = {}
        for name, text in texts.items():
            if name not in BROKER:
                raise InvalidSetting(f"Unknown configuration: {name}")
            if not BROKER[name].dynamic:
                raise InvalidSetting(f"Cannot update {name} while the broker runs")
            values[name] = BROKER[name].parse(text)
        self.changed = values

    def shown_changes(self) -> dict[str, str]:
        """What was changed while the broker ran, as text."""
        return {name: BROKER[name].show(value) or "" for name, value in self.changed.items()}

    def topic_value(self, name: str, overrides: Mapping[str, str]) -> Any:
        """The value in force of one of a topic's settings."""
        if name in overrides:
            return TOPIC[name].parse(overrides[name])
        return self[SYNONYMS[name]] if name in SYNONYMS else TOPIC[name].default

    def log_settings(self, overrides: Mapping[str, str]) -> LogSettings:
        """How a topic's logs are kept."""

        def value(name: str) -> Any:
            return self.topic_value(name, overrides)

        policy, kind = value("cleanup.policy"), value("compression.type")
        return LogSettings(
            segment_bytes=value("segment.bytes"),
            segment_ms=value("segment.ms"),
            segment_index_bytes=value("segment.index.bytes"),
            index_interval_bytes=value("index.interval.bytes"),
            retention_ms=value("retention.ms"),
            retention_bytes=value("retention.bytes"),
            flush_messages=value("flush.messages"),
            flush_ms=value("flush.ms") or MAX_INT64,
            max_message_bytes=value("max.message.bytes"),
            compact="compact" in policy,
            delete="delete" in policy,
            delete_retention_ms=value("delete.retention.ms"),
            min_compaction_lag_ms=value("min.compaction.lag.ms"),
            max_compaction_lag_ms=value("max.compaction.lag.ms"),
            min_cleanable_dirty_ratio=value("min.cleanable.dirty.ratio"),
            file_delete_delay_ms=value("file.delete.delay.ms"),
            append_time=value("message.timestamp.type") == "LogAppendTime",
            timestamp_before_max_ms=value("message.timestamp.before.max.ms"),
            timestamp_after_max_ms=value("message.timestamp.after.max.ms"),
            codec=_CODECS[kind],
            level=value(f"compression.{kind}.level") if _CODECS[kind] in LEVELS else None,
        )

    def group_config(self, partitions: int) -> GroupConfig:
        """What the group coordinator is told, whose topic has so many partitions."""
        found = GroupConfig(**self._same_names(GroupConfig))
        return replace(found, offsets_topic_num_partitions=partitions)

    def configure_group(self, name: str, overrides: Mapping[str, str]) -> None:
        """Have a group configured so, and no other way; `InvalidSetting` where it may not be."""
        self._of_group(overrides)
        self.groups.pop(name, None)
        if overrides:
            self.groups[name] = dict(overrides)

    def group_configs(self, partitions: int) -> dict[str, GroupConfig]:
        """What the group coordinator is told of groups that are configured by themselves."""
        default = self.group_config(partitions)
        return {
            name: replace(default, **self._of_group(overrides))
            for name, overrides in self.groups.items()
        }

    def _of_group(self, overrides: Mapping[str, str]) -> dict[str, Any]:
        found = check_group(overrides, {name: self[name] for name in LIMITS_OF_GROUPS})
        return {SYNONYMS_OF_GROUPS[name].replace(".", "_"): found[name] for name in found}

    def transaction_config(self, partitions: int) -> TransactionConfig:
        """What the transaction coordinator is told, whose topic has so many partitions."""
        found = TransactionConfig(**self._same_names(TransactionConfig))
        return replace(found, transaction_state_log_num_partitions=partitions)

    def _same_names(self, cls: type) -> dict[str, Any]:
        """What is configured for a class whose attributes are Kafka's names with underscores."""
        names = {name.replace(".", "_"): name for name in BROKER}
        wanted = {field.name for field in fields(cls)}
        return {field: self[name] for field, name in names.items() if field in wanted}


def check_topic(overrides: Mapping[str, str]) -> None:
    """See that a topic may be configured so; `InvalidSetting` where it may not."""
    found = {}
    for name, text in overrides.items():
        if name not in TOPIC:
            raise InvalidSetting(f"Unknown topic config name: {name}")
        found[name] = TOPIC[name].parse(text)
    least, most = found.get("min.compaction.lag.ms", 0), found.get("max.compaction.lag.ms")
    if most is not None and least > most:
        raise InvalidSetting(
            f"conflict topic config setting min.compaction.lag.ms ({least}) > "
            f"max.compaction.lag.ms ({most})"
        )
