"""`verdict prove`: what is true of every reachable state, by induction, whatever the bounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Annotated

import typer

import checker
from checker import Proofs
from checker.errors import RequestError
from verdict import options, registry
from verdict.options import Format, limits
from verdict.output import console, replaced
from verdict.render_proofs import as_json, text_pieces
from verdict.render_text import say
from verdict.run import SEVERITY, Run, plan, split

PROVED: Mapping[str, str] = MappingProxyType({"group": "proved-group"})
"""The machines of this project of which something is proved, and where the lemmas are.

The proofs are of the first configuration there, with other settings on top where some are given.
"""

EVERY = "all"
"""Instead of a counter's name: every counter keeps its bound."""


def prove(
    words: options.OneMachine,
    config: options.Config = "",
    prop: options.Properties = None,
    steps: Annotated[
        int,
        typer.Option(min=1, metavar="K", help="Look for violations in so many steps."),
    ] = 8,
    induction: Annotated[
        int,
        typer.Option(
            min=1, metavar="K", help="Up to K-induction, of different states; 1 is induction."
        ),
    ] = 1,
    pdr: Annotated[
        bool, typer.Option("--pdr", help="Let z3's Spacer look for an invariant, too.")
    ] = False,
    bounded: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A counter that keeps its bound; `all` for each."),
    ] = None,
    format: options.Style = Format.TEXT,  # noqa: A002 - the option's name
    output: options.Output = None,
    max_memory: options.MaxMemory = None,
    timeout: options.Timeout = 300,
) -> None:
    """Prove what is true of every reachable state, whatever the bounds of counters are."""
    if format not in (Format.TEXT, Format.JSON):
        raise typer.BadParameter(f"proofs are text or json, not {format.value}")
    runs = _runs(words, config)
    kept = None if EVERY in (bounded or ()) else frozenset(bounded or ())
    found = []
    with replaced(output) as stream:
        for run in runs:
            proofs = checker.prove(
                run.machine(),
                configuration=run.configuration,
                only=prop or _theorems(run),
                steps=steps,
                induction=induction,
                pdr=pdr,
                bounded=kept,
                limits=limits(None, max_memory, timeout),
            )
            if format is Format.JSON:
                stream.write(as_json(run, proofs))
            else:
                say(console(stream, plain=output is not None), *text_pieces(run, proofs))
            stream.flush()
            found.append(proofs)
    raise typer.Exit(_status(found))


def _runs(words: Sequence[str], config: str) -> list[Run]:
    """What to prove something of: of one of the project's machines, where its lemmas are."""
    machines, settings = split(words)
    if not machines:
        raise RequestError("no machine is named", hint="`verdict list` shows them")
    named = []
    for word in machines:
        name, slash, own = word.partition("/")
        if name in PROVED:
            first = registry.registered(PROVED[name]).configurations[0].name
            named.append(f"{PROVED[name]}/{own if slash else config or first}")
        else:
            named.append(word)
    return plan([*named, *(f"{key}={value}" for key, value in settings.items())],
                configuration=config)  # fmt: skip


def _theorems(run: Run) -> Sequence[str] | None:
    """What is proved of a machine unless something else is asked; None for all that can be."""
    theorems: Sequence[str] | None = getattr(run.cls, "theorems", None)
    return theorems


def _status(found: Sequence[Proofs]) -> int:
    return min((proofs.exit_status for proofs in found), key=SEVERITY.index, default=0)


__all__ = ["prove"]
