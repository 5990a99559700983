"""Verdict's public face: the modelling language and the engines, under one name.

They are loaded when the first of their names is asked for, not before: the broker is started by
the same command and needs none of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from checker import (
        Bag,
        Bulletin,
        Capacity,
        Certificate,
        Configuration,
        Counter,
        Coverage,
        Disabled,
        Failure,
        Finding,
        Index,
        Limits,
        Machine,
        Map,
        Network,
        Part,
        Progress,
        Promise,
        Proof,
        Proofs,
        Queue,
        Range,
        Record,
        Reporter,
        Seq,
        Set,
        Settings,
        Snapshot,
        Trace,
        Variant,
        Verdict,
        action,
        certify,
        check,
        configuration,
        each,
        eventually,
        inductive,
        initial,
        invariant,
        prove,
        reachable,
        refines,
        replay,
        require,
        simulate,
        step,
        terminal,
    )

__all__ = [
    "Bag",
    "Bulletin",
    "Capacity",
    "Certificate",
    "Configuration",
    "Counter",
    "Coverage",
    "Disabled",
    "Failure",
    "Finding",
    "Index",
    "Limits",
    "Machine",
    "Map",
    "Network",
    "Part",
    "Progress",
    "Promise",
    "Proof",
    "Proofs",
    "Queue",
    "Range",
    "Record",
    "Reporter",
    "Seq",
    "Set",
    "Settings",
    "Snapshot",
    "Trace",
    "Variant",
    "Verdict",
    "action",
    "certify",
    "check",
    "configuration",
    "each",
    "eventually",
    "inductive",
    "initial",
    "invariant",
    "prove",
    "reachable",
    "refines",
    "replay",
    "require",
    "simulate",
    "step",
    "terminal",
]

if not TYPE_CHECKING:  # a type checker is to notice a name that there is not

    def __getattr__(name: str) -> object:
        """One of the names above."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import checker

        return getattr(checker, name)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
