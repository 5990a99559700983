"""A modelling language in typed Python, and engines that explore its machines.

Knows nothing of Kafka.
"""

from checker.language import *  # noqa: F403 - the language's public face is this package's
from checker.language import __all__ as _language
from checker.verdict import Coverage, Finding, Limits, Progress, Reporter, Trace, Verdict

__all__ = [
    *_language,
    "Coverage",
    "Finding",
    "Limits",
    "Progress",
    "Reporter",
    "Trace",
    "Verdict",
]
