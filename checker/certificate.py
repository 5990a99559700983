"""What a comparison of the engines comes to: plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.language.domains import Settings


@dataclass(frozen=True)
class Certificate:
    """That several engines have found the same, up to a depth.

    engines     those that were asked
    levels      how many states are first reached at 0, 1, 2 … steps: the same sets for each
    complete    whether there are no others
    lengths     by id of property: the states on a shortest run that violates it (a witness, a
                defect) of at most as many steps as `asked`; None where there is none
    asked       how long the runs are that were asked about; -1 where there was no time for any
    seconds     that each engine took
    stopped     why the comparison did not go further; empty where everything was compared
    """

    machine: str
    configuration: str
    settings: Settings
    engines: tuple[str, ...]
    levels: tuple[int, ...]
    complete: bool
    lengths: Mapping[str, int | None]
    asked: int
    seconds: Mapping[str, float] = field(default_factory=dict)
    stopped: str = ""

    @property
    def exit_status(self) -> int:
        """0 where something was compared; 3 where the budget ran out before."""
        return 0 if len(self.levels) > 1 or self.complete else 3
