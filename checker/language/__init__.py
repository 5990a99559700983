"""The modelling language: domains, values, machines, and their lowering to the IR."""

from checker.language.channels import Bulletin, Network, Queue
from checker.language.domains import Capacity, Counter, Index, Range, Settings, Variant
from checker.language.machine import Configuration, Machine, Part, Snapshot, configuration
from checker.language.marks import (
    Disabled,
    Promise,
    action,
    eventually,
    inductive,
    initial,
    invariant,
    reachable,
    refines,
    require,
    step,
    terminal,
)
from checker.language.values import Bag, Map, Record, Seq, Set, each

__all__ = [
    "Bag",
    "Bulletin",
    "Capacity",
    "Configuration",
    "Counter",
    "Disabled",
    "Index",
    "Machine",
    "Map",
    "Network",
    "Part",
    "Promise",
    "Queue",
    "Range",
    "Record",
    "Seq",
    "Set",
    "Settings",
    "Snapshot",
    "Variant",
    "action",
    "configuration",
    "each",
    "eventually",
    "inductive",
    "initial",
    "invariant",
    "reachable",
    "refines",
    "require",
    "step",
    "terminal",
]
