"""Spec mutation: whether the properties of a machine would notice a mistake in its actions.

places, rewriting, operators, mutants    the mistakes, one at a time, on the IR
trial                                    one mutant beside the original
campaign, journal                        all of them, within a budget, side by side, resumable
explained                                the survivors that somebody has looked at
"""

from checker.mutation.campaign import Campaign, Loader, Plan, Report
from checker.mutation.mutants import Mutant, Mutants
from checker.mutation.trial import Judgement, Original, Subject

__all__ = [
    "Campaign",
    "Judgement",
    "Loader",
    "Mutant",
    "Mutants",
    "Original",
    "Plan",
    "Report",
    "Subject",
]
