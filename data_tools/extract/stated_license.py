"""What holds where a document states a licence of its own, beside the one its corpus is declared with.

A corpus declared with SPDX licences holds what they name: a document that states another is left out. A corpus
declared ``LicenseRef-...`` is one whose user vouches for the rights: its documents keep that, and say what they state.
"""

from __future__ import annotations

from dataclasses import replace

from data_tools.errors import DataError
from data_tools.extract.records import Bad, Found, Record
from data_tools.licenses import parse_license

OTHER_LICENSE = "other_license"


class StatedLicense:
    """The licences that a corpus is declared with, against those that its documents state."""

    def __init__(self, declared: str) -> None:
        self._declared = declared
        self._named = parse_license(declared, "license").identifiers()
        self._covered: dict[str, bool] = {}
        self._vouched = any("LicenseRef-" in name for name in self._named)

    def checked(self, found: Found) -> Found:
        """Return ``found`` with the licence that its document is to carry, or as bad where that is none declared."""
        if not isinstance(found, Record):
            return found
        if not found.license:
            return replace(found, license=self._declared)
        if found.license not in self._covered:
            self._covered[found.license] = not self._missing(found.license)
        if self._covered[found.license]:
            return found
        if self._vouched:
            return replace(found, license=self._declared, meta={**found.meta, "stated_license": found.license})
        detail = f"states the licence {found.license}, and its corpus is declared as {self._declared}"
        return Bad(OTHER_LICENSE, detail, found.position, found.text, harmless=True)

    def _missing(self, stated: str) -> tuple[str, ...]:
        try:
            return parse_license(stated, "license").missing_from(self._named)
        except DataError:
            return (stated,)
