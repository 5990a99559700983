"""From entries of a search back to a run of the machine.

An entry keeps a state, and the entry from which it was first found.  Where fingerprints are kept
instead of states, or representatives under symmetry, the run is found again: the reference
evaluator goes from a start to that of its successors for which the search would have kept the
same, and so on.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from checker.engines.native.words import Codec
from checker.engines.tracing import Disagreement
from checker.language.evaluator import Evaluator
from checker.language.machine import Snapshot

HOLE = 0xFFFFFFFF

Key = tuple[int, ...]


class Retrace:
    """Reads the entries of one search.

    kept  words that are kept of a state
    same  whether what is kept of a state is the state itself
    """

    def __init__(
        self, library: ctypes.CDLL, run: Any, evaluator: Evaluator, codec: Codec, kept: int,
        *, same: bool,
    ) -> None:  # fmt: skip
        self._library, self._run = library, run
        self._evaluator, self._codec = evaluator, codec
        self._kept, self._same = kept, same

    def entries(self) -> list[int]:
        """Every entry that holds something."""
        order = ctypes.cast(self._run.order, ctypes.POINTER(ctypes.c_uint32))
        return [entry for entry in range(self._run.count) if order[entry] != HOLE]

    def key(self, entry: int) -> Key:
        """What is kept of an entry's state."""
        words = (ctypes.c_uint64 * self._kept)()
        self._library.key_at(ctypes.byref(self._run), ctypes.c_uint64(entry), words)
        return tuple(words)

    def key_for(self, state: Snapshot) -> Key:
        """What would be kept of a state."""
        given = self._codec.pack(state)
        words = (ctypes.c_uint64 * self._kept)()
        self._library.key_for((ctypes.c_uint64 * len(given))(*given), words)
        return tuple(words)

    def state(self, words: Sequence[int]) -> Snapshot:
        """The state with these words."""
        return self._codec.unpack(words)

    def path(self, entry: int) -> list[Snapshot]:
        """The states of a run from a start to an entry."""
        parents = ctypes.cast(self._run.parent, ctypes.POINTER(ctypes.c_uint32))
        entries = [entry]
        while parents[entries[-1]] != entries[-1]:
            entries.append(parents[entries[-1]])
        keys = [self.key(one) for one in reversed(entries)]
        if self._same:
            return [self.state(key) for key in keys]
        starts = (o.state for o in self._evaluator.starts() if o.state is not None)
        states = [self._with_key(starts, keys[0])]
        for key in keys[1:]:
            states.append(self._with_key(self.successors(states[-1]), key))
        return states

    def step(
        self, before: Snapshot, words: Sequence[int], wrong: Callable[[Snapshot, Snapshot], bool]
    ) -> Snapshot:
        """Where a step that was seen leads to, from the state of the run that it was seen in.

        Under symmetry several successors can be the one that was seen, by other names: it is
        one of those for which the property fails, as it did there.
        """
        seen = self.state(words)
        if self._same:
            return seen
        key = self.key_for(seen)
        for after in self.successors(before):
            if self.key_for(after) == key and wrong(before, after):
                return after
        raise Disagreement(f"the evaluator does not take the step from {before} to {seen}")

    def successors(self, state: Snapshot) -> Iterable[Snapshot]:
        """What actions lead to from a state."""
        return (o.state for o in self._evaluator.outcomes(state) if o.state is not None)

    def _with_key(self, states: Iterable[Snapshot], key: Key) -> Snapshot:
        for state in states:
            if self.key_for(state) == key:
                return state
        raise Disagreement(f"the evaluator does not find the state that is kept as {key}")
