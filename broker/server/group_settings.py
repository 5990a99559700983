"""The settings of groups: of the broker's that follow from the consumer protocol (KIP-848), and
those that one group can be given of its own.

A group's setting that is not given for the group is the broker's of another name.  It has to be
within limits that are the broker's, too.

Sources: the configuration reference of Apache Kafka 4.3, and KIP-848.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from broker.server.setting import (
    MAX_INT,
    InvalidSetting,
    Kind,
    Setting,
    boolean,
    integer,
    string,
)

GROUPS = (
    integer("group.consumer.session.timeout.ms", 45_000, 1),
    integer("group.consumer.min.session.timeout.ms", 45_000, 1),
    integer("group.consumer.max.session.timeout.ms", 60_000, 1),
    integer("group.consumer.heartbeat.interval.ms", 5_000, 1),
    integer("group.consumer.min.heartbeat.interval.ms", 5_000, 1),
    integer("group.consumer.max.heartbeat.interval.ms", 15_000, 1),
    integer("group.consumer.assignment.interval.ms", 1_000),
    integer("group.consumer.min.assignment.interval.ms", 0),
    integer("group.consumer.max.assignment.interval.ms", 15_000),
    integer("group.consumer.max.size", MAX_INT, 1),
    Setting(
        "group.consumer.assignors", Kind.LIST, ("uniform", "range"), choices=("uniform", "range")
    ),
    string(
        "group.consumer.migration.policy",
        "bidirectional",
        "disabled",
        "upgrade",
        "downgrade",
        "bidirectional",
    ),
    # Without effect: an assignment is made, and topics are matched, when a request wants it.
    boolean("group.consumer.assignor.offload.enable", default=True),
    integer("group.consumer.regex.refresh.interval.ms", 600_000, 10_000),
)
"""The broker's."""

LIMITS_OF_GROUPS = tuple(setting.name for setting in GROUPS)
"""Those that a group's settings may be held against."""

SYNONYMS_OF_GROUPS: Mapping[str, str] = MappingProxyType(
    {
        "consumer.session.timeout.ms": "group.consumer.session.timeout.ms",
        "consumer.heartbeat.interval.ms": "group.consumer.heartbeat.interval.ms",
        "consumer.assignment.interval.ms": "group.consumer.assignment.interval.ms",
    }
)
"""The broker's setting that stands in for each setting of a group."""

OF_GROUPS: Mapping[str, Setting] = MappingProxyType(
    {
        name: Setting(**{**setting.__dict__, "name": name})
        for setting in GROUPS
        for name, synonym in SYNONYMS_OF_GROUPS.items()
        if setting.name == synonym
    }
)
"""The groups' settings."""


def check_group(overrides: Mapping[str, str], broker: Mapping[str, Any]) -> dict[str, Any]:
    """What a group is configured to that has these settings; `InvalidSetting` where it may not be.

    broker  the broker's settings
    """
    for name in overrides:
        if name not in OF_GROUPS:
            raise InvalidSetting(f"Unknown group config name: {name}")
    found = {
        name: setting.parse(overrides[name]) if name in overrides else broker[synonym]
        for name, setting in OF_GROUPS.items()
        for synonym in [SYNONYMS_OF_GROUPS[name]]
    }
    for name in overrides:
        for bound, word in (("min", "greater"), ("max", "less")):
            limit = f"group.{name.replace('consumer.', f'consumer.{bound}.', 1)}"
            beyond = broker[limit] > found[name] if bound == "min" else broker[limit] < found[name]
            if beyond:
                raise InvalidSetting(f"{name} must be {word} than or equal to {limit}")
    session, beat = "consumer.session.timeout.ms", "consumer.heartbeat.interval.ms"
    if overrides.keys() & {session, beat} and found[session] <= found[beat]:
        raise InvalidSetting(f"{session} must be greater than {beat}")
    return found
