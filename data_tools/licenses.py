"""SPDX licence expressions: their form, what they name, and whether a list of allowed licences covers them.

Form after SPDX specification 3.0, annex "SPDX license expressions": identifiers, ``LicenseRef-*``, ``+``, ``WITH``,
``AND``, ``OR`` and parentheses; ``AND`` binds closer than ``OR``. The list of all identifiers is not carried here: a
well-formed identifier that nobody knows is accepted, because the recipe's ``licenses`` must allow it by name anyway.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from data_tools.errors import DataError

PUBLIC_DOMAIN = "LicenseRef-PublicDomain"
"""For works free of copyright that no dedication such as CC0 covers: old books, works of the US government."""

KNOWN = (
    "AFL-3.0", "AGPL-3.0-only", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC-BY-2.0", "CC-BY-2.5", "CC-BY-3.0",
    "CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-NC-ND-4.0", "CC-BY-NC-SA-4.0", "CC-BY-ND-4.0", "CC-BY-SA-3.0", "CC-BY-SA-4.0",
    "CC-PDDC", "CC0-1.0", "CDLA-Permissive-1.0", "CDLA-Permissive-2.0", "GFDL-1.3-only", "GPL-2.0-only",
    "GPL-3.0-only", "LicenseRef-PublicDomain", "MIT", "MPL-2.0", "ODbL-1.0", "ODC-By-1.0", "OGL-UK-3.0", "PDDL-1.0",
    "Unlicense",
)  # fmt: skip
"""Identifiers met with in corpora, for canonical case and for hints; not a limit on what may be written."""

_CANONICAL = {name.lower(): name for name in KNOWN}
_IDENTIFIER = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+|[A-Za-z0-9][A-Za-z0-9.-]*\+?")
_TOKEN = re.compile(r"\s*([()]|[^\s()]+)")
_OPERATORS = ("AND", "OR", "WITH")
_SPOKEN = {"publicdomain": PUBLIC_DOMAIN, "pd": PUBLIC_DOMAIN, "cc0": "CC0-1.0", "apache2": "Apache-2.0"}


@dataclass(frozen=True)
class License:
    """A parsed expression: an identifier, or ``operator`` over ``parts``."""

    identifier: str = ""
    operator: str = ""
    parts: tuple[License, ...] = ()

    def identifiers(self) -> tuple[str, ...]:
        """Return every identifier the expression names, in order, each once."""
        if self.identifier:
            return (self.identifier,)
        return tuple(dict.fromkeys(name for part in self.parts for name in part.identifiers()))

    def missing_from(self, allowed: Iterable[str]) -> tuple[str, ...]:
        """Return the identifiers that would have to be allowed; empty where the expression is covered.

        ``A AND B`` needs both, ``A OR B`` either, ``A WITH B`` the whole pair or A alone.
        """
        names = {name.lower() for name in allowed}
        return self._missing(names)

    def _missing(self, names: set[str]) -> tuple[str, ...]:
        if self.identifier:
            base = self.identifier.lower().split(" with ")[0]
            return () if {self.identifier.lower(), base} & names else (self.identifier,)
        missing = [part._missing(names) for part in self.parts]
        if self.operator == "OR" and not all(missing):
            return ()
        return tuple(dict.fromkeys(name for part in missing for name in part))


def parse_license(expression: str, where: str) -> License:
    """Return the parsed SPDX ``expression``; DataError, beginning with ``where``, where its form is wrong."""
    tokens = _TOKEN.findall(expression)
    if not tokens:
        raise DataError(f"{where}: a licence is missing. Name it by its SPDX identifier, such as CC-BY-4.0")
    try:
        return _Parser(tokens).whole()
    except ValueError as error:
        raise DataError(
            f"{where}: is not an SPDX licence expression ({error}), got {expression!r}. {_hint(expression)}"
        ) from None


def _hint(expression: str) -> str:
    spoken = re.sub(r"[^a-z0-9]", "", expression.lower())
    flat = {re.sub(r"[^a-z0-9]", "", name.lower()): name for name in KNOWN} | _SPOKEN
    if spoken in flat:
        return f"Did you mean {flat[spoken]}?"
    return f"Use an identifier from https://spdx.org/licenses, such as CC-BY-4.0, or {PUBLIC_DOMAIN}"


class _Parser:
    def __init__(self, tokens: list[str]) -> None:
        self.rest = tokens

    def _take(self, *operators: str) -> bool:
        if self.rest and self.rest[0].upper() in operators:
            del self.rest[0]
            return True
        return False

    def whole(self) -> License:
        license = self._any_of()
        if self.rest:
            raise ValueError(f"AND, OR or WITH should stand before {self.rest[0]!r}")
        return license

    def _any_of(self) -> License:
        parts = [self._all_of()]
        while self._take("OR"):
            parts.append(self._all_of())
        return parts[0] if len(parts) == 1 else License(operator="OR", parts=tuple(parts))

    def _all_of(self) -> License:
        parts = [self._one()]
        while self._take("AND"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else License(operator="AND", parts=tuple(parts))

    def _one(self) -> License:
        if self._take("("):
            inside = self._any_of()
            if not self._take(")"):
                raise ValueError("a closing parenthesis is missing")
            return inside
        name = self._identifier()
        return License(f"{name} WITH {self._identifier()}" if self._take("WITH") else name)

    def _identifier(self) -> str:
        if not self.rest:
            raise ValueError("it ends where an identifier should stand")
        token = self.rest.pop(0)
        if token.upper() in _OPERATORS or not _IDENTIFIER.fullmatch(token):
            raise ValueError(f"{token!r} is no identifier")
        return _CANONICAL.get(token.lower(), token)
