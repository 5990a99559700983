"""Every machine of examples/, in each of its configurations."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from checker import Machine
from verdict import registry


def shipped() -> Iterator[tuple[str, Machine]]:
    """Names and machines."""
    for path in sorted(Path("examples").glob("*.py")):
        module = importlib.import_module(f"examples.{path.stem}")
        for name, cls in sorted(vars(module).items()):
            own = isinstance(cls, type) and issubclass(cls, Machine)
            if own and cls.__module__ == module.__name__:
                for title, one in registry.configurations(cls).items():
                    yield f"{path.stem}-{name}-{title}", cls(**one.settings)
