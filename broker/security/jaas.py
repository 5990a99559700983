r"""Kafka's way to name the users of a mechanism: one entry of a JAAS configuration.

    org.apache.kafka.common.security.plain.PlainLoginModule required
        username="broker" password="…" user_alice="…" user_bob="…";

PLAIN's users are the options that start with `user_`.  SCRAM's are kept elsewhere, and its entry
has nothing for a broker that talks to no other one.  What is wrong is said without the entry's
text, which has passwords.
"""

from __future__ import annotations

import re

_MODULES = {
    "PLAIN": "org.apache.kafka.common.security.plain.PlainLoginModule",
    "SCRAM-SHA-256": "org.apache.kafka.common.security.scram.ScramLoginModule",
    "SCRAM-SHA-512": "org.apache.kafka.common.security.scram.ScramLoginModule",
}
_FLAGS = {"required", "requisite", "sufficient", "optional"}
_WORD = re.compile(
    r"""
    \s* (?: (?P<name> [\w.$-]+) \s* = \s*
            (?: "(?P<double> (?: [^"\\] | \\. )* )" | '(?P<single> (?: [^'\\] | \\. )* )'
              | (?P<bare> [^\s;"']+ ) )
          | (?P<word> [\w.$-]+ ) | (?P<end> ; ) )
    """,
    re.VERBOSE,
)
_USER = "user_"


def users(mechanism: str, text: str) -> dict[str, str]:
    """Passwords by user; ValueError where the text is no entry for this mechanism."""
    words: list[str] = []
    options: dict[str, str] = {}
    at, ended = 0, False
    while text[at:].strip():
        found = _WORD.match(text, at)
        if found is None or ended:
            raise ValueError("it is no module, a flag, options, and a semicolon")
        name, double, single, bare, word, end = found.groups()
        at = found.end()
        if name is not None:
            value = next(each for each in (double, single, bare) if each is not None)
            options[name] = re.sub(r"\\(.)", r"\1", value)
        elif word is not None:
            words.append(word)
        ended = end is not None
    if not ended or len(words) != 2 or words[1].lower() not in _FLAGS:  # noqa: PLR2004
        raise ValueError("it is no module, a flag, options, and a semicolon")
    if words[0] != _MODULES[mechanism]:
        raise ValueError(f"the module of {mechanism} is {_MODULES[mechanism]}")
    return {
        name.removeprefix(_USER): value
        for name, value in options.items()
        if name.startswith(_USER) and name != _USER
    }
