"""Survivors that somebody has looked at, and why nothing is missing: a table in a TOML file.

    [[explained]]
    because = "equivalent: a stable group has a generation"
    mutants = [
        "drop-operand model/consumer.py:Consumer.may_commit self.generation > 0",
    ]

An entry whose mutant is killed, or exists no more, is stale: it explains nothing.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from checker.errors import RequestError

KEYS = {"because", "mutants"}


def read(path: Path) -> Mapping[str, str]:
    """Why each mutant survives, by id; RequestError where the file says nothing of the kind."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise RequestError(
            f"{path} cannot be read: {error.strerror or error}", hint="name a TOML file"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise RequestError(f"{path} is no TOML: {error}", hint="see docs/mutation.md") from None
    found: dict[str, str] = {}
    entries = content.get("explained", [])
    if set(content) - {"explained"} or not isinstance(entries, list):
        raise _wrong(path, "it has something else than [[explained]]")
    for number, entry in enumerate(entries, 1):
        if not _is_entry(entry):
            raise _wrong(path, f"entry {number} is not `because` and a list of `mutants`")
        for mutant in entry["mutants"]:
            if mutant in found:
                raise _wrong(path, f"{mutant} is explained twice")
            found[mutant] = entry["because"]
    return found


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, dict) or set(entry) != KEYS or not isinstance(entry["mutants"], list):
        return False
    texts = [entry["because"], *entry["mutants"]]
    return all(isinstance(text, str) and text.strip() for text in texts)


def _wrong(path: Path, what: str) -> RequestError:
    return RequestError(f"{path}: {what}", hint="see docs/mutation.md")


__all__ = ["read"]
