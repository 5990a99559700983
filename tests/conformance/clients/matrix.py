"""What each client is put to, as the table of docs/clients.md.

A test of `test_matrix` is run with every client that does not say why it lacks what the test wants;
the table says the same, so that it cannot promise what is not tested.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from tests.conformance.clients.drivers import NAMES, Driver, driver

CODECS = ("none", "gzip", "snappy", "lz4", "zstd")

ABILITIES: Mapping[str, str] = MappingProxyType(
    {
        "test_a_first_session": "send, read in a group, go on where it was",
        "test_a_topic_of_so_many_partitions": "create a topic",
        "test_a_topic_comes_by_being_used": "use a topic that is not there",
        "test_every_codec": "send and read, compressed",
        "test_keys_keep_their_partition_and_order": "order by key",
        "test_from_the_earliest": "begin at the earliest record",
        "test_from_the_latest": "begin at the latest record",
        "test_from_a_time": "begin at a time",
        "test_seeking": "seek",
        "test_a_group_scales_out_and_in": "a group that grows and shrinks, by assignor",
        "test_a_member_that_crashes_is_replaced": "a member that crashes",
        "test_a_static_member_comes_back_to_its_partitions": "a static member that restarts",
        "test_commits_by_hand": "commit by hand",
        "test_automatic_commits": "commit automatically",
        "test_an_idempotent_producer": "an idempotent producer",
        "test_what_is_committed": "transactions that commit",
        "test_what_is_aborted": "transactions that abort",
        "test_lag_as_the_admin_client_sees_it": "lag, by the admin client",
    }
)
"""By test, what it shows that a client can do here."""

LISTED: Mapping[str, str] = MappingProxyType(
    {"test_every_codec": "codecs", "test_a_group_scales_out_and_in": "assignors"}
)
"""Tests that are run once for each of what a driver has of these."""


def clients(test: str) -> list[str]:
    """The drivers that a test is run with."""
    return [name for name in NAMES if test not in driver(name).lacks]


def table() -> str:
    """The table, and below it why there is nothing where there is a dash."""
    drivers = [driver(name) for name in NAMES]
    rows = [f"| | {' | '.join(each.name for each in drivers)} |", "| --- |" + " --- |" * len(NAMES)]
    reasons: dict[str, str] = {}
    for test, ability in ABILITIES.items():
        cells = " | ".join(_cell(test, each, reasons) for each in drivers)
        rows.append(f"| {ability} | {cells} |")
    return "\n".join([*rows, "", *(f"{mark} {why}.  " for why, mark in reasons.items())]).rstrip()


def _cell(test: str, client: Driver, reasons: dict[str, str]) -> str:
    if test in client.lacks:
        return f"– {_mark(client.lacks[test], reasons)}"
    if test not in LISTED:
        return "✓"
    had = ", ".join(getattr(client, LISTED[test]))
    return " ".join([had, *(_mark(why, reasons) for why in _missing(test, client))])


def _missing(test: str, client: Driver) -> Iterator[str]:
    if LISTED[test] == "codecs":
        missing = (client.lacks[codec] for codec in CODECS if codec not in client.codecs)
        yield from dict.fromkeys(missing)


def _mark(why: str, reasons: dict[str, str]) -> str:
    """The number of a note, which is a new one where the reason is new."""
    return reasons.setdefault(why, f"({len(reasons) + 1})")
