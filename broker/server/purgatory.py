"""Requests that wait for something to happen to a partition, or for their time to run out.

A fetch that finds too little waits here.  Whoever appends to a partition says so, with how many
bytes; each request that waits for it then looks whether it has enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Iterable
from typing import Protocol


class Waiting(Protocol):
    """A request that waits."""

    def poke(self, size: int) -> bool:
        """So many bytes came; whether it waits no more."""

    def expire(self) -> None:
        """Its time has run out."""

    @property
    def held(self) -> int:
        """Bytes that are kept for it."""


class Purgatory:
    """All requests that wait."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._by_key: dict[Hashable, dict[Waiting, None]] = {}
        self._keys: dict[Waiting, tuple[list[Hashable], asyncio.TimerHandle]] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self._keys)

    @property
    def held(self) -> int:
        """Bytes that are kept for all of them."""
        return sum(waiting.held for waiting in self._keys)

    def watch(self, waiting: Waiting, keys: Iterable[Hashable], seconds: float) -> None:
        """Let a request wait for any of these keys, and no longer than so."""
        found = list(keys)
        timer = self._loop.call_later(seconds, self._expire, waiting)
        self._keys[waiting] = (found, timer)
        for key in found:
            self._by_key.setdefault(key, {})[waiting] = None

    def poke(self, key: Hashable, size: int) -> None:
        """Something happened to this key."""
        waiting = self._by_key.get(key)
        if waiting:
            for each in list(waiting):
                if each in self._keys and each.poke(size):
                    self.forget(each)

    def _expire(self, waiting: Waiting) -> None:
        self.forget(waiting)
        waiting.expire()

    def expire(self) -> None:
        """No time is left for any of them."""
        for waiting in list(self._keys):
            self._expire(waiting)

    def forget(self, waiting: Waiting) -> None:
        """It waits no more."""
        keys, timer = self._keys.pop(waiting, ([], None))
        if timer is not None:
            timer.cancel()
        for key in keys:
            others = self._by_key[key]
            others.pop(waiting, None)
            if not others:
                del self._by_key[key]
