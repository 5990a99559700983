"""Peers by the names that the command line and the tests give them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MappingProxyType

from conformance.peers.address import at_address
from conformance.peers.apache import BEFORE_KRAFT_ALONE, FOR_SUITES, apache_kafka
from conformance.peers.franz import kfake
from conformance.peers.mock import librdkafka_mock
from conformance.peers.ours import verdict_broker
from conformance.peers.server import Server

NAMES: Mapping[str, Callable[..., AbstractContextManager[Server]]] = MappingProxyType(
    {
        "verdict": verdict_broker,
        "kafka": apache_kafka,
        "kafka-3.9": functools.partial(apache_kafka, version=BEFORE_KRAFT_ALONE),
        "kfake": kfake,
        "mock": librdkafka_mock,
    }
)

FOR_SUITES_ONLY = MappingProxyType(
    {
        "verdict": functools.partial(verdict_broker, settings=FOR_SUITES),
        "kafka": functools.partial(apache_kafka, settings=FOR_SUITES),
    }
)
"""Where clients' own suites want other settings than a test of one's own."""


def named(name: str, *, suites: bool = False) -> AbstractContextManager[Server]:
    """The peer of that name, or the broker at that address.

    suites  with the settings that clients' own suites want
    """
    starter = (FOR_SUITES_ONLY.get(name) if suites else None) or NAMES.get(name)
    return starter() if starter else at_address(name)
