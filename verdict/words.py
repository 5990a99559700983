"""How results are put into words: one place, so that every format says the same.

A `reachable` that holds was reached; anything else that holds is true of every reachable state.
What is expected to be false and is found false is said to be so: it is no failure.
"""

from __future__ import annotations

from dataclasses import dataclass

from checker import Finding, Machine, Settings, Verdict
from checker.language.configuring import survey
from checker.language.domains import shown


@dataclass(frozen=True)
class Wording:
    """A result in words, with a mark and the style to print it in."""

    mark: str
    text: str
    style: str


HOLDS = Wording("✓", "holds", "green")
REACHED = Wording("✓", "reached", "green")
HAZARD = Wording("✗", "false, as expected", "yellow")
UNREACHED_HAZARD = Wording("✗", "never reached, as expected", "yellow")
VIOLATED = Wording("✗", "VIOLATED", "bold red")
UNREACHED = Wording("✗", "NEVER REACHED", "bold red")
MISSED = Wording("✗", "HOLDS, though expected to be false", "bold red")
MISSED_REACHED = Wording("✗", "REACHED, though expected not to be", "bold red")
UNKNOWN = Wording("?", "unknown", "magenta")


def wording(finding: Finding) -> Wording:
    """The result of a property in words."""
    reachable = finding.kind == "reachable"
    match finding.result, finding.expected:
        case "unknown", _:
            return UNKNOWN
        case "holds", "violated":
            return MISSED_REACHED if reachable else MISSED
        case "holds", _:
            return REACHED if reachable else HOLDS
        case _, "violated":
            return UNREACHED_HAZARD if reachable else HAZARD
        case _:
            return UNREACHED if reachable else VIOLATED


def counts_text(verdict: Verdict) -> str:
    """`288 states (1,146 generated), depth 11, 0.1 s`."""
    return (
        f"{plural(verdict.distinct, 'state')} ({verdict.generated:,} generated), "
        f"depth {verdict.depth}, {verdict.seconds:.1f} s"
    )


def usual_variants(cls: type[Machine], settings: Settings) -> list[str]:
    """The variants that are what they are unless somebody chooses."""
    defaults = {name: declared.default for name, declared in survey(cls).items()}
    return [name for name, value in settings.variants.items() if value == defaults.get(name)]


def settings_texts(cls: type[Machine], settings: Settings) -> tuple[str, str]:
    """The sizes, bounds and variants that were chosen, and the variants that are the defaults."""
    plain = usual_variants(cls, settings)
    told = [f"{name}={shown(value)}" for name, value in settings.items().items()]
    usual = [text for text in told if text.partition("=")[0] in plain]
    return " ".join(text for text in told if text not in usual), " ".join(usual)


def extent_text(cls: type[Machine], verdict: Verdict) -> str:
    """What was looked at: every state within which bounds, or how much of them and why."""
    chosen, _ = settings_texts(cls, verdict.settings)
    where = f" with {chosen}" if chosen else ""
    if verdict.complete:
        return f"every reachable state{where}"
    if verdict.walked:
        walks = plural(verdict.walks or 0, "random walk")
        return f"{walks}{where}; what they did not violate is unknown"
    stopped = f"stopped: {verdict.stopped}" if verdict.stopped else "not all were visited"
    return f"a part of the states{where}; {stopped}"


def bounds_texts(verdict: Verdict) -> list[str]:
    """One sentence for each bound that was met, and one for those that were not."""
    sizes = verdict.settings.sizes
    reached = [
        f"{f'{name}={sizes[name]}' if name in sizes else name} was reached: "
        f"{plural(number, 'step')} past it not explored"
        for name, number in verdict.bounds.items()
        if number
    ]
    free = [name for name, number in verdict.bounds.items() if not number]
    return [*reached, f"never reached: {', '.join(free)}"] if free else reached


def idle_actions(verdict: Verdict) -> list[str]:
    """The actions that were possible in no state that was visited."""
    return [coverage.action for coverage in verdict.coverage if not coverage.fired]


def plural(number: int, noun: str, nouns: str = "") -> str:
    """`1 state`, `2 states`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {nouns or noun + 's'}"
