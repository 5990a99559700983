"""Configuration: shown, and changed while the broker runs.

A value comes from the topic itself, from what the broker was told while it ran or at its start, or
is the default; that is its source.  A broker's settings that cannot be changed while it runs are
shown as read-only, and passwords not at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import Any

from broker.errors import ErrorCode, Refused
from broker.server.broker import Broker
from broker.server.configuration import check_topic
from broker.server.dispatch import Fields, Handler, Request
from broker.server.group_settings import OF_GROUPS, SYNONYMS_OF_GROUPS
from broker.server.security_settings import of_listener
from broker.server.settings import (
    BROKER,
    SYNONYMS,
    TOPIC,
    InvalidSetting,
    Kind,
    Setting,
    of_broker,
)
from broker.wire.apis import ApiKey


class Resource(IntEnum):
    """What is configured."""

    TOPIC = 2
    BROKER = 4
    BROKER_LOGGER = 8
    GROUP = 32


class Source(IntEnum):
    """Where a value comes from."""

    TOPIC = 1
    BROKER_CHANGED = 2
    BROKER_GIVEN = 4
    DEFAULT = 5
    GROUP = 8


class Operation(IntEnum):
    """How a value is changed."""

    SET = 0
    DELETE = 1
    APPEND = 2
    SUBTRACT = 3


# Shown ----------------------------------------------------------------------------------------


def describe_configs(request: Request) -> Fields:
    """The configuration of topics and of the broker."""
    return {"results": [_describe(request, each) for each in request.body.resources]}


def _describe(request: Request, each: Any) -> dict[str, Any]:
    broker, name = request.broker, each.resource_name
    configs: list[dict[str, Any]] = []
    error, message = ErrorCode.NONE, None
    try:
        match each.resource_type:
            case Resource.TOPIC:
                topic = broker.catalog.topics.get(name)
                if topic is None:
                    raise Refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)  # noqa: TRY301
                configs = topic_configs(broker, topic.configs)
            case Resource.BROKER:
                _check_broker(broker, name)
                configs = broker_configs(broker)
            case Resource.GROUP:
                _check_group(name)
                configs = group_configs(broker, name)
            case Resource.BROKER_LOGGER:
                configs = []
            case _:
                raise Refused(ErrorCode.INVALID_REQUEST)  # noqa: TRY301
    except Refused as refused:
        error, message = refused.error, refused.error.name
    wanted = each.configuration_keys
    # An empty list asks for nothing in particular, as null does: librdkafka sends one.
    chosen = [config for config in configs if not wanted or config["name"] in wanted]
    return {
        "error_code": error,
        "error_message": message,
        "resource_type": each.resource_type,
        "resource_name": name,
        "configs": [
            config if request.body.include_synonyms else {**config, "synonyms": []}
            for config in chosen
        ],
    }


def _check_broker(broker: Broker, name: str) -> None:
    if name not in {"", str(broker.node_id)}:
        raise Refused(ErrorCode.INVALID_REQUEST)


def _check_group(name: str) -> None:
    if not name:
        raise Refused(ErrorCode.INVALID_REQUEST)


def group_configs(broker: Broker, name: str) -> list[dict[str, Any]]:
    """All settings of a group."""
    overrides, found = broker.configuration.groups.get(name, {}), []
    for each, setting in sorted(OF_GROUPS.items()):
        synonym = SYNONYMS_OF_GROUPS[each]
        value, sources = (
            setting.show(broker.configuration[synonym]),
            _broker_sources(broker, synonym),
        )
        if each in overrides:
            value = overrides[each]
            sources = [(each, value, Source.GROUP), *sources]
        found.append(_shown(setting, value, sources, read_only=False))
    return found


def topic_configs(broker: Broker, overrides: Mapping[str, str]) -> list[dict[str, Any]]:
    """All settings of a topic that is configured so."""
    found = []
    for name, setting in sorted(TOPIC.items()):
        sources = _broker_sources(broker, SYNONYMS.get(name, name))
        value = setting.show(broker.configuration.topic_value(name, overrides))
        if name in overrides:
            value = overrides[name]
            sources = [(name, value, Source.TOPIC), *sources]
        found.append(_shown(setting, value, sources, read_only=False))
    return found


def broker_configs(broker: Broker) -> list[dict[str, Any]]:
    """All settings of the broker, and those that were given for one of its listeners."""
    alone = {name: of_listener(name) for name in broker.configuration.given if name not in BROKER}
    known = {**BROKER, **{name: setting for name, setting in alone.items() if setting is not None}}
    return [
        _shown(
            setting,
            setting.show(broker.configuration[name]),
            _broker_sources(broker, name),
            read_only=not setting.dynamic,
        )
        for name, setting in sorted(known.items())
    ]


def _broker_sources(broker: Broker, name: str) -> list[tuple[str, str | None, Source]]:
    setting, configuration = of_broker(name), broker.configuration
    if setting is None:
        return []
    found: list[tuple[str, str | None, Source]] = []
    for values, source in (
        (configuration.changed, Source.BROKER_CHANGED),
        (configuration.given, Source.BROKER_GIVEN),
    ):
        if name in values:
            found.append((name, setting.show(values[name]), source))
    if setting.default is not None:
        found.append((name, setting.show(setting.default), Source.DEFAULT))
    return found


def _shown(
    setting: Setting,
    value: str | None,
    sources: list[tuple[str, str | None, Source]],
    *,
    read_only: bool,
) -> dict[str, Any]:
    secret = setting.kind is Kind.PASSWORD
    return {
        "name": setting.name,
        "value": None if secret else value,
        "read_only": read_only,
        "config_source": sources[0][2] if sources else Source.DEFAULT,
        "is_sensitive": secret,
        "config_type": setting.kind,
        "documentation": None,
        "synonyms": [
            {"name": name, "value": None if secret else text, "source": source}
            for name, text, source in sources
        ],
    }


# Changed --------------------------------------------------------------------------------------


def alter_configs(request: Request) -> Fields:
    """Configure topics and the broker so, and no other way."""

    def change(each: Any, old: Mapping[str, str]) -> dict[str, str]:
        del old
        return {config.name: config.value for config in each.configs if config.value is not None}

    return _altered(request, change)


def incremental_alter_configs(request: Request) -> Fields:
    """Change what is named, and leave the rest as it is."""
    return _altered(request, _changed)


def _altered(request: Request, change: Any) -> Fields:
    """What becomes of each resource; of two that are the same neither is changed."""
    named = Counter(_resource(each) for each in request.body.resources)
    return {
        "responses": [
            _alter(request, each, change if named[_resource(each)] == 1 else _named_twice)
            for each in request.body.resources
        ]
    }


def _resource(each: Any) -> tuple[int, str]:
    return each.resource_type, each.resource_name


def _named_twice(each: Any, old: Mapping[str, str]) -> dict[str, str]:
    del each, old
    raise Refused(ErrorCode.INVALID_REQUEST)


KNOWN: Mapping[int, Mapping[str, Setting]] = MappingProxyType(
    {Resource.TOPIC: TOPIC, Resource.BROKER: BROKER, Resource.GROUP: OF_GROUPS}
)
"""The settings of each kind of resource."""


def _changed(each: Any, old: Mapping[str, str]) -> dict[str, str]:
    names = [config.name for config in each.configs]
    if len(set(names)) < len(names):
        raise InvalidSetting("a configuration is named twice")
    known = KNOWN[each.resource_type]
    found = dict(old)
    for config in each.configs:
        setting = known.get(config.name)
        if setting is None:
            raise InvalidSetting(f"Unknown configuration: {config.name}")
        if config.config_operation == Operation.DELETE:
            found.pop(config.name, None)
            continue
        if config.value is None:
            raise InvalidSetting(f"Null value not supported for {config.name}")
        if config.config_operation == Operation.SET:
            found[config.name] = config.value
            continue
        if setting.kind is not Kind.LIST:
            raise InvalidSetting(f"{config.name} is no list that can be added to or taken from")
        default = setting.show(setting.default) or ""
        items = [item for item in found.get(config.name, default).split(",") if item]
        named = [item for item in config.value.split(",") if item]
        if config.config_operation == Operation.APPEND:
            items += [item for item in named if item not in items]
        else:
            items = [item for item in items if item not in named]
        found[config.name] = ",".join(items)
    return found


def _alter(request: Request, each: Any, change: Any) -> dict[str, Any]:
    broker, error, message = request.broker, ErrorCode.NONE, None
    dry = request.body.validate_only
    try:
        match each.resource_type:
            case Resource.TOPIC:
                topic = broker.catalog.topics.get(each.resource_name)
                if topic is None:
                    raise Refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)  # noqa: TRY301
                configs = change(each, topic.configs)
                check_topic(configs)
                if not dry:
                    broker.catalog.configure(topic.name, configs)
            case Resource.BROKER:
                _check_broker(broker, each.resource_name)
                _alter_broker(broker, change, each, dry=dry)
            case Resource.GROUP:
                _check_group(each.resource_name)
                _alter_group(broker, change, each, dry=dry)
            case _:
                raise Refused(ErrorCode.INVALID_REQUEST)  # noqa: TRY301
    except InvalidSetting as invalid:
        ours = each.resource_type == Resource.BROKER
        error = ErrorCode.INVALID_REQUEST if ours else ErrorCode.INVALID_CONFIG
        message = str(invalid)
    except Refused as refused:
        error, message = refused.error, refused.error.name
    except OSError as failure:
        error, message = ErrorCode.KAFKA_STORAGE_ERROR, failure.strerror or ""
    return {
        "error_code": error,
        "error_message": message,
        "resource_type": each.resource_type,
        "resource_name": each.resource_name,
    }


def _alter_broker(broker: Broker, change: Any, each: Any, *, dry: bool) -> None:
    configuration = broker.configuration
    before = configuration.shown_changes()
    wanted = change(each, before)
    configuration.change(wanted)
    if dry:
        configuration.change(before)
        return
    for topic in broker.catalog.topics.values():
        broker.catalog.apply(topic)
    broker.catalog.save()


def _alter_group(broker: Broker, change: Any, each: Any, *, dry: bool) -> None:
    name, configuration = each.resource_name, broker.configuration
    before = configuration.groups.get(name, {})
    configuration.configure_group(name, change(each, before))
    if dry:
        configuration.configure_group(name, before)
        return
    broker.catalog.save()
    broker.groups_configured()


HANDLERS: Mapping[ApiKey, Handler] = {
    ApiKey.DESCRIBE_CONFIGS: describe_configs,
    ApiKey.ALTER_CONFIGS: alter_configs,
    ApiKey.INCREMENTAL_ALTER_CONFIGS: incremental_alter_configs,
}
