"""What an entry of the museum says.

An entry is a protocol bug that Kafka had, or a hazard that it has by choice.  An entry with an
`Exhibit` can be seen: a machine, the settings that both designs share, those that make the broken
design and those that make the fixed one.  In the broken design the property must be false; in the
fixed design, on the same settings, it must hold after exhaustive search.

An entry without an exhibit is one that no machine of the project can express at its present
abstraction, and says why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from checker import Machine

Keywords = Mapping[str, Any]


@dataclass(frozen=True)
class Exhibit:
    """Two designs of one machine, on the same configuration.

    settings  sizes, bounds and variants that both share
    broken    the variants that break it, on top of the settings
    breaks    the id of the property that is false in the broken design
    fixed     the variants that mend it; none where the machine's defaults do
    holds     the id of the property that holds in the fixed design; `breaks` unless given, which
              it is where a property is only asked of one of the two
    """

    machine: type[Machine]
    settings: Keywords
    broken: Keywords
    breaks: str
    fixed: Keywords = field(default_factory=dict)
    holds: str = ""

    def broken_design(self) -> Machine:
        """The machine in which the property is false."""
        return self.machine(**{**self.settings, **self.broken})

    def fixed_design(self) -> Machine:
        """The machine in which it holds."""
        return self.machine(**{**self.settings, **self.fixed})

    @property
    def mended(self) -> str:
        """The id of the property that must hold in the fixed design."""
        return self.holds or self.breaks


@dataclass(frozen=True)
class Entry:
    """A bug or a hazard.

    name       as one asks for it: `KIP-101`, `auto-commit`
    title      what goes wrong, in a few words
    mechanism  how, in a sentence
    fixed_by   what fixed it, or what to do about it, in a sentence
    exhibit    where it can be seen; None where no machine can express it
    reason     why none can, in a sentence; empty where one does
    """

    name: str
    title: str
    mechanism: str
    fixed_by: str
    exhibit: Exhibit | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        assert (self.exhibit is None) == bool(self.reason), f"{self.name}: an exhibit or a reason"
