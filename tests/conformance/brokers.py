"""Brokers under test: started by name, skipped with the reason where something lacks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import peers
from conformance.peers import Absent, Server


@contextlib.contextmanager
def started(name: str, folder: Path | None = None, *, suites: bool = False) -> Iterator[Server]:
    """The peer of that name; the test is skipped where it cannot be had.

    folder  where those that keep data keep it
    suites  with the settings that clients' own suites want
    """
    with contextlib.ExitStack() as stack:
        try:
            peer = peers.NAMES[name](folder) if folder else peers.named(name, suites=suites)
            server = stack.enter_context(peer)
        except Absent as absent:
            pytest.skip(str(absent))
        yield server
