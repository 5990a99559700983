"""What all tests share: the same examples on every run.

Hypothesis draws its examples from the test's own source ("ci"), so that a run says the same
today and tomorrow, here and there.  To look for new ones:

    HYPOTHESIS_PROFILE=search make test

Either prints what reproduces a failure: the falsifying example, and the blob for
`@reproduce_failure`.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, settings

from checker.engines.native import build

PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "ci")

# Coverage is measured where tests run, in the workers of pytest-xdist too, and not in the programs
# that tests start: those are looked at from outside, at their own pace.
if "PYTEST_XDIST_WORKER" in os.environ:
    os.environ.pop("COVERAGE_PROCESS_CONFIG", None)

settings.register_profile(
    "ci",
    derandomize=True,
    database=None,
    deadline=None,  # a slow machine is no defect; pytest-timeout bounds the whole test
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "search",
    max_examples=1_000,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(PROFILE)


def pytest_report_header(config: pytest.Config) -> str:
    """Say how examples are drawn, so that a log can be repeated, and what compiles them."""
    del config
    compiler = " ".join(build.compiler() or ["none: the native engine is not tested"])
    return f"examples: HYPOTHESIS_PROFILE={PROFILE}; C compiler: {compiler}"
