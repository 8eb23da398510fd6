"""From what a source says about its licence, a link or a sentence, to an SPDX identifier.

Identifiers after the SPDX License List 3.27. Creative Commons' ported licences (``by/3.0/us``) are distinct licences:
only those on the list have an identifier. A licence without its version ("Creative Commons Attribution License") has
none either.
"""

from __future__ import annotations

import re

from data_tools.licenses import KNOWN, PUBLIC_DOMAIN

MAX_CHARACTERS = 20_000
"""A statement is searched up to here."""
_TERMS = r"by(?:-nc)?(?:-(?:nd|sa))?"
_CC_LINK = re.compile(
    rf"creativecommons\.org/licen[cs]es/({_TERMS})/(\d\.\d)(?:/([a-z]{{2,3}})\b(?!\.))?"
    r"|creativecommons\.org/(?:publicdomain|licen[cs]es)/(zero|mark|publicdomain)\b",
    re.IGNORECASE,
)
_CC_SHORT = re.compile(
    r"\bcc[ -]?(by(?:[ -]?nc)?(?:[ -]?(?:nd|sa))?)(?![ -]?(?:nc|nd|sa)\b)[ -]*(?:v(?:ersion)?\.? ?)?(\d\.\d)\b",
    re.IGNORECASE,
)
_CC_LONG = re.compile(
    r"(?:creative[ ]commons[ ])?attribution(?P<terms>(?:[ ,/–-]*(?:non[ -]?commercial|no[ -]?deriv(?:ative|ate)?s?"
    r"(?:[ ]works?)?|share[ -]?a?like))*)[ ,]*(?:\([^()]{0,30}\)[ ]?)?(?:(?:international|unported|licen[cs]e)[ ,]*)*"
    r"(?:version[ ])?v?(?P<version>[1-4]\.\d)\b",
    re.IGNORECASE,
)
_CC_ZERO = re.compile(r"\bcc[ -]?0\b|creative commons (?:zero|public domain dedication)", re.IGNORECASE)
_PORTS = (
    "BY-2.5-AU BY-3.0-AT BY-3.0-AU BY-3.0-DE BY-3.0-IGO BY-3.0-NL BY-3.0-US BY-NC-3.0-DE BY-NC-ND-3.0-DE "
    "BY-NC-ND-3.0-IGO BY-NC-SA-2.0-DE BY-NC-SA-2.0-FR BY-NC-SA-2.0-UK BY-NC-SA-3.0-DE BY-NC-SA-3.0-IGO BY-ND-3.0-DE "
    "BY-SA-2.0-UK BY-SA-2.1-JP BY-SA-3.0-AT BY-SA-3.0-DE BY-SA-3.0-IGO"
)
_OTHERS = (
    (r"apache\.org/licenses/LICENSE-2\.0|\bapache licen[cs]e,? (?:version )?2\.0", "Apache-2.0"),
    (r"opensource\.org/licenses?/mit\b|\bMIT licen[cs]e\b", "MIT"),
    (r"opendatacommons\.org/licenses/by/|\bODC-By\b|open data commons attribution", "ODC-By-1.0"),
    (r"opendatacommons\.org/licenses/pddl|\bPDDL\b", "PDDL-1.0"),
    (r"opendatacommons\.org/licenses/odbl|\bODbL\b", "ODbL-1.0"),
    (r"open-government-licence/version/3|open government licen[cs]e v(?:ersion )?3", "OGL-UK-3.0"),
    (r"gnu\.org/licenses/fdl-1\.3", "GFDL-1.3-only"),
)
_OTHER = tuple((re.compile(pattern, re.IGNORECASE), name) for pattern, name in _OTHERS)
_CANONICAL = {name.lower(): name for name in KNOWN}


def spdx_of(statement: str) -> str:
    """Return the SPDX identifier that a link or a sentence names; empty where it names none, or none with a version.

    Where a statement names several, the first link counts (articles add that CC0 covers their data), then the first
    name.
    """
    statement = re.sub(r"\s+", " ", statement[:MAX_CHARACTERS]).strip()
    if statement.lower() in _CANONICAL:
        return _CANONICAL[statement.lower()]
    if link := _CC_LINK.search(statement):
        return _from_link(link)
    if short := _CC_SHORT.search(statement):
        return _identifier(re.sub(r"(?<=\w)[ -]?(?=nc|nd|sa)", "-", short[1].lower()), short[2])
    if (long := _CC_LONG.search(statement)) and "commons" in statement.lower():
        return _identifier(_terms_of(long["terms"]), long["version"])
    if _CC_ZERO.search(statement):
        return "CC0-1.0"
    return next((name for pattern, name in _OTHER if pattern.search(statement)), "")


def _from_link(link: re.Match[str]) -> str:
    terms, version, port, dedication = link.groups()
    if dedication:
        return {"zero": "CC0-1.0", "mark": PUBLIC_DOMAIN, "publicdomain": "CC-PDDC"}[dedication.lower()]
    if port and port.lower() not in ("deed", "legalcode"):
        name = f"{terms}-{version}-{port}".upper()
        return f"CC-{name}" if name in _PORTS.split() else ""
    return _identifier(terms, version)


def _terms_of(words: str) -> str:
    words = words.lower()
    parts = ["by", *(["nc"] if "commercial" in words else [])]
    return "-".join([*parts, *(["nd"] if "deriv" in words else ["sa"] if "alike" in words or "like" in words else [])])


def _identifier(terms: str, version: str) -> str:
    """Return the identifier, if there ever was such a version; ``nd`` comes last, as SPDX writes it from 2.0 on."""
    return f"CC-{terms.upper()}-{version}" if version in ("1.0", "2.0", "2.5", "3.0", "4.0") else ""
