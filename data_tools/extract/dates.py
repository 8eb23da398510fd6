"""Dates of publication as records carry them: ISO 8601, as precise as the source is."""

from __future__ import annotations

import re
from collections.abc import Iterable

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def month_number(name: str) -> str:
    """Return a month's number from 1 for ``4``, ``Apr`` or ``April``; empty for a season or nothing."""
    if name.strip().isdecimal():
        return name.strip()
    start = name.strip()[:3].lower()
    return str(_MONTHS.index(start) + 1) if start in _MONTHS else ""


def iso_date(year: str, month: str = "", day: str = "") -> str:
    """Return ``2004-10-05``, ``2004-10`` or ``2004`` as far as the parts are sound; empty without a year."""
    if not re.fullmatch(r"1[5-9]\d\d|20\d\d", year.strip()):
        return ""
    if not re.fullmatch(r"0?[1-9]|1[0-2]", month.strip()):
        return year.strip()
    date = f"{year.strip()}-{int(month):02}"
    return f"{date}-{int(day):02}" if re.fullmatch(r"0?[1-9]|[12]\d|3[01]", day.strip()) else date


def earliest(dates: Iterable[tuple[str, str, str]]) -> str:
    """Return the earliest of dates given as year, month, day; of ``2010-04`` and ``2010-04-27`` the more precise."""
    found = [date for parts in dates if (date := iso_date(*parts))]
    return min(found, key=lambda date: f"{date}-99-99"[:10] if len(date) < 10 else date, default="")
