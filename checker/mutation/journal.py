"""The journal of a run: what is known already, one line of JSON each, so that a run can go on.

    {"journal": 1, "program": "6f1c…", "machine": "Lock"}
    {"original": {"configuration": "two", "results": {…}, "fired": […], "distinct": 5}}
    {"mutant": "drop-guard lock.py:Lock.take …", "fate": "killed", "by": "exclusive", …}

A line is written whole, and forced to the disk before the next mutant is taken up; a last line
that was cut off is dropped.  `program` is a digest of everything that decides the results: the
listing of the machine in each configuration with its hazards, and what the operators do
(`REVISION`).  A journal of another program is refused.

What ran out of its budget is recorded too, and judged again by the next run.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, get_args

from checker.errors import OutputError, RequestError
from checker.language.ir import Program
from checker.language.listing import listing
from checker.mutation.trial import Fate, Judgement, Original, Subject

REVISION = 1
"""Raised whenever an operator, or what kills a mutant, changes its meaning."""


ORIGINAL = {own.name for own in fields(Original)}
JUDGEMENT = {own.name for own in fields(Judgement)}


def digest(subjects: Sequence[Subject]) -> str:
    """What tells apart the programs whose mutants are judged."""
    told = [str(REVISION)]
    for subject in subjects:
        told += [subject.name, " ".join(sorted(subject.hazards)), *_listings(subject.program)]
    return hashlib.sha256("\0".join(told).encode()).hexdigest()[:32]


def _listings(program: Program) -> list[str]:
    inner = [text for refinement in program.refinements for text in _listings(refinement.spec)]
    return [listing(program), *inner]


class Journal:
    """What is known of the mutants of some subjects, in a file or (without one) in memory.

    RequestError where the file is no journal, is damaged, or is of another program; OutputError
    where it cannot be written.
    """

    def __init__(self, path: Path | None, subjects: Sequence[Subject]) -> None:
        self.originals: dict[str, Original] = {}
        self.judgements: dict[str, Judgement] = {}
        self._path = path
        if path is None:
            return
        head = {"journal": REVISION, "program": digest(subjects), "machine": _machine(subjects)}
        try:
            known = path.read_bytes() if path.exists() else b""
            whole = known[: known.rfind(b"\n") + 1]
            if whole != known:
                os.truncate(path, len(whole))
        except OSError as error:
            raise self._unwritable(error) from None
        lines = whole.splitlines()
        if not lines:
            self._append(head)
        for number, line in enumerate(lines, 1):
            self._read(number, _entry(line), head)

    def _read(self, number: int, entry: dict[str, Any], head: dict[str, Any]) -> None:
        match entry:
            case {"journal": _, "machine": machine} if number == 1:
                if entry != head:
                    raise RequestError(
                        f"the journal {self._path} is of another version of {machine}",
                        hint="remove it to begin anew, or name another",
                    )
                return
            case {"original": dict(told)} if number > 1 and set(told) == ORIGINAL:
                known = Original(**{**told, "fired": frozenset(told["fired"])})
                self.originals[known.configuration] = known
                return
            case {"fate": fate} if set(entry) == JUDGEMENT and fate in get_args(Fate):
                found = Judgement(**{**entry, "silent": tuple(entry["silent"])})
                self.judgements[found.mutant] = found
                return
        raise RequestError(
            f"line {number} of {self._path} is no line of a journal",
            hint="remove the file to begin anew, or name another",
        )

    def original(self, original: Original) -> None:
        """Note what the machine itself does."""
        self.originals[original.configuration] = original
        self._append({"original": {**asdict(original), "fired": sorted(original.fired)}})

    def judgement(self, judgement: Judgement) -> None:
        """Note what became of a mutant."""
        self.judgements[judgement.mutant] = judgement
        self._append(asdict(judgement))

    def _append(self, entry: dict[str, Any]) -> None:
        if self._path is None:
            return
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        try:
            with self._path.open("ab", buffering=0) as file:
                file.write(line)
                os.fsync(file.fileno())
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(
            f"the journal {self._path} cannot be written: {error.strerror or error}",
            hint="name a file in a folder that exists and can be written",
        )


def _entry(line: bytes) -> dict[str, Any]:
    """A line as data; nothing where it is none."""
    try:
        entry = json.loads(line)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}


def _machine(subjects: Sequence[Subject]) -> str:
    return subjects[0].program.name


__all__ = ["Journal", "digest"]
