"""What a request names twice is answered once.

A few bytes name a topic, a group or a configuration, and the answer tells all there is to tell of
it.  Whoever named one thing a hundred thousand times would have the broker put together gigabytes:
so that an answer is bounded by what there is, and not by how often it is asked for, the names that
come again are left out as the request is read.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from types import MappingProxyType
from typing import Any

from broker.wire.codec import Struct

Named = Callable[[Any], Hashable]


def _itself(item: Any) -> Hashable:
    name: Hashable = item
    return name


def _by(*fields: str) -> Named:
    return lambda item: tuple(getattr(item, field) for field in fields)


NAMES: Mapping[str, tuple[str, Named]] = MappingProxyType(
    {
        "metadata": ("topics", _by("name", "topic_id")),
        "describe_configs": ("resources", _by("resource_type", "resource_name")),
        "describe_groups": ("groups", _itself),
        "consumer_group_describe": ("group_ids", _itself),
        "describe_transactions": ("transactional_ids", _itself),
        "describe_producers": ("topics", _by("name")),
        "offset_fetch": ("groups", _by("group_id")),
        "find_coordinator": ("coordinator_keys", _itself),
    }
)
"""Where each request has its names, and what makes two of them the same."""

_NUMBERS = "partition_indexes"


def once(body: Struct, items: str, name: Named) -> Struct:
    """The request, with each name where it stands first, and so with the partitions of each."""
    many = getattr(body, items, None)
    if many:
        first: dict[Hashable, Any] = {}
        for item in many:
            first.setdefault(name(item), item)
        for item in first.values():
            if hasattr(item, _NUMBERS):
                setattr(item, _NUMBERS, list(dict.fromkeys(getattr(item, _NUMBERS))))
        setattr(body, items, list(first.values()))
    return body
