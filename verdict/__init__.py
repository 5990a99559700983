"""Verdict's public face: the modelling language and the engines, under one name."""

from checker import *  # noqa: F403 - the checker's public face is this package's
from checker import __all__ as _checker

__all__ = [*_checker]
