"""Brokers under test: started by name, skipped with the reason where something lacks."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from conformance import peers
from conformance.peers import Absent, Server


@contextlib.contextmanager
def started(name: str, folder: Path | None = None) -> Iterator[Server]:
    """The peer of that name; the test is skipped where it cannot be had.

    folder  where those that keep data keep it
    """
    with contextlib.ExitStack() as stack:
        try:
            peer = peers.named(name) if folder is None else peers.NAMES[name](folder)
            server = stack.enter_context(peer)
        except Absent as absent:
            pytest.skip(str(absent))
        yield server
