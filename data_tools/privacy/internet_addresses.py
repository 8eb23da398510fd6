"""E-mail and IP addresses.

E-mail: the part before the sign as RFC 5322 allows it unquoted, Latin, Greek and Cyrillic letters included (RFC 6531);
the domain needs a dot and a top-level domain of letters. Also ``name (at) host (dot) org``, as pages hide it.
IP: public addresses only, as FineWeb's formatter does (datatrove 0.10.1: ``ipaddress.is_global``); private, loopback,
documentation and multicast addresses point to no one. Section numbers such as 4.2.1.3 have the form of an IPv4 address:
without a word for addresses one part must be 100 or more, and no word for versions or sections may stand before it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from data_tools.privacy.evidence import Run, line_before
from data_tools.privacy.spans import Span

MAX_LOCAL_CHARACTERS = 64
MAX_HOST_CHARACTERS = 255
_LETTERS = "A-Za-z\u00c0-\u024f\u0370-\u04ff"
_LOCAL = re.compile(
    rf"(?<![{_LETTERS}0-9._%+'&-])[{_LETTERS}0-9](?:[{_LETTERS}0-9._%+'&-]{{0,62}}[{_LETTERS}0-9_+%-])?\Z"
)
_AT = re.compile(rf"@(?=[{_LETTERS}0-9])")
_LABEL = rf"[{_LETTERS}0-9](?:[{_LETTERS}0-9-]{{0,61}}[{_LETTERS}0-9])?"
_HOST = re.compile(rf"(?:{_LABEL}\.){{1,5}}(?:[A-Za-z]{{2,24}}|xn--[A-Za-z0-9-]{{2,59}})(?![{_LETTERS}0-9_@-])")
_HIDDEN_AT = re.compile(r"[(\[] ?(?:at|AT|ät) ?[)\]]")
_HIDDEN_MARKS = ("at)", "at]", "AT)", "AT]", "at )", "at ]", "ät)", "ät]")
_HIDDEN_DOT = r"(?: ?[(\[] ?(?:dot|DOT|punkt) ?[)\]] ?|\.)"
_HIDDEN_HOST = re.compile(rf" ?{_LABEL}(?:{_HIDDEN_DOT}{_LABEL}){{0,4}}{_HIDDEN_DOT}[A-Za-z]{{2,24}}(?![\w@-])")

_IPV4 = re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w]|\.[0-9])")
_IP_WORD = re.compile(r"(?i)\b(?:ip|ipv4|address|addresses|server|host|ping|router|login|logged|client)\b[^0-9\n]*$")
_NO_IP_WORD = re.compile(
    r"(?i)(?:\b(?:v|ver|version|release|build|firmware|driver|section|sec|chapter|clause|rule|table|figure|fig|eq|asc"
    r"|oid|chrome|firefox|mshtml|msie|edg|safari|generator)\b\.?|§)[ /:=\"(]{0,3}(?:[0-9.]+[ ,]+){0,2}$"
)
_COLONS = re.compile(r":[0-9A-Fa-f]{0,4}:")
_IPV6 = re.compile(
    r"(?<![0-9A-Za-z:.])(?:[0-9A-Fa-f]{1,4}:|::)[0-9A-Fa-f:]{1,38}(?:(?<=:)[0-9]{1,3}(?:\.[0-9]{1,3}){3})?"
    r"(?![0-9A-Za-z:]|\.[0-9])"
)
MIN_PART_WITHOUT_WORD = 100
MIN_GROUPS_OF_SHORT_FORM = 3


def find_emails(text: str) -> Iterator[Span]:
    """Yield the e-mail addresses of ``text``."""
    yield from _emails(text, _AT, _HOST)
    if any(mark in text for mark in _HIDDEN_MARKS):
        yield from _emails(text, _HIDDEN_AT, _HIDDEN_HOST)


def _emails(text: str, at: re.Pattern[str], host: re.Pattern[str]) -> Iterator[Span]:
    for match in at.finditer(text):
        found = host.match(text, match.end(), match.end() + MAX_HOST_CHARACTERS)
        if found is None:
            continue
        end = match.start()
        if at is _HIDDEN_AT and text[end - 1 : end] == " ":
            end -= 1
        local = _LOCAL.search(text, max(0, end - MAX_LOCAL_CHARACTERS - 1), end)
        if local is not None and ".." not in local.group():
            yield Span(local.start(), found.end(), "email")


def find_ips(text: str, runs: Iterable[Run]) -> Iterator[Span]:
    """Yield the public IP addresses of ``text``; ``runs`` are its runs of digits."""
    for run in runs:
        for match in _IPV4.finditer(text, run.begin, run.end + 2):
            if _is_public_ipv4(match):
                yield Span(*match.span(), "ip")
    last_end = 0
    for colons in _COLONS.finditer(text):
        if colons.start() < last_end:
            continue
        match6 = _IPV6.search(text, max(last_end, colons.start() - 4), colons.start() + 45)
        if match6 is not None:
            last_end = match6.end()
            address = match6.group()
            if address.endswith(":") and not address.endswith("::"):
                address = address[:-1]  # the sentence's
            if _is_public_ipv6(address):
                yield Span(match6.start(), match6.start() + len(address), "ip")


def _is_public_ipv4(match: re.Match[str]) -> bool:
    head = line_before(match.string, match.start())
    if not _is_public(match.group()) or _NO_IP_WORD.search(head):
        return False
    return max(map(int, match.group().split("."))) >= MIN_PART_WITHOUT_WORD or _IP_WORD.search(head) is not None


def _is_public_ipv6(address: str) -> bool:
    """Times and C++ scopes have colons too: eight groups, or a global prefix and three groups, make an address."""
    groups = [group for group in address.split(":") if group]
    if "::" in address:
        is_formed = len(groups) >= MIN_GROUPS_OF_SHORT_FORM and groups[0][0] in "23" and len(groups[0]) == 4
    else:
        is_formed = max(map(len, groups), default=0) >= 3
    return is_formed and _is_public(address)


def _is_public(address: str) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return parsed.is_global and not parsed.is_multicast
