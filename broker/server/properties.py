r"""Files of settings, as Kafka's `server.properties`: Java's format of properties.

    # a comment, and ! is one too
    listeners=SASL_SSL://127.0.0.1:9093
    super.users = User:admin
    listener.name.sasl_ssl.plain.sasl.jaas.config=org.…PlainLoginModule required \
        user_admin="…";

A line that ends with a backslash goes on with the next one, less the space that it starts with;
other backslashes take a character for what it is, but for \t, \n, \r, \f and \uXXXX.

Source: the documentation of java.util.Properties.load.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_BLANK = " \t\f"
_NAME = re.compile(r"(?P<name>(?:\\.|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*(?P<value>.*)", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u(?P<code>[0-9a-fA-F]{4})|(?P<other>.))", re.DOTALL)
_SPECIAL = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}


def parse(text: str) -> dict[str, str]:
    """Values by name; of a name that is there twice, the last."""
    found = {}
    for line in _lines(text):
        match = _NAME.fullmatch(line)
        if match is not None:
            found[_plain(match["name"])] = _plain(match["value"])
    return found


def _lines(text: str) -> Iterator[str]:
    """Logical lines, without comments and blank ones."""
    whole = ""
    for line in re.split(r"\r\n|\n|\r", text):
        part = line.lstrip(_BLANK)
        if not whole and (not part or part[0] in "#!"):
            continue
        whole += part
        if (len(whole) - len(whole.rstrip("\\"))) % 2:
            whole = whole[:-1]
            continue
        yield whole
        whole = ""
    if whole:
        yield whole


def _plain(text: str) -> str:
    def replaced(match: re.Match[str]) -> str:
        if match["code"]:
            return chr(int(match["code"], 16))
        return _SPECIAL.get(match["other"], match["other"])

    return _ESCAPE.sub(replaced, text)
