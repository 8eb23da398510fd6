"""Names of people and places that worlds put into their documents; invented combinations of common words."""

from __future__ import annotations

import random


def words(text: str) -> tuple[str, ...]:
    """Return the white-space words of ``text``: how the worlds write their long word lists."""
    return tuple(text.split())


FIRST_NAMES = words(
    "Ada Ben Carla David Elena Farid Grace Hugo Ines Jonas Karin Leo Maria Nadia Oscar Priya Quentin Rosa Samir Tara "
    "Umar Vera Walter Ximena Yusuf Zoe Amara Boris Clara Diego"
)
SURNAMES = words(
    "Abbott Brandt Castro Dietrich Evans Fischer Garcia Hansen Ito Jensen Keller Lopez Moreau Novak Olsen Patel Quinn "
    "Rossi Sato Turner Ueda Vargas Weber Young Zhang Okafor Mensah Lindqvist Haddad Kowalski"
)
_FIRST_PARTS = words(
    "Alder Birch Black Cedar Clear Cold Copper Crow Dry Eagle Elk Falcon Fern Fox Gray Green Hawk Hazel Iron Lark Long "
    "Maple Mill Moss North Oak Otter Pine Raven Red Salt Silver Stone Swan Thorn West White Willow Wolf"
)
_LAST_PARTS = words("Bay Bridge Brook Canyon Creek Falls Field Gap Harbor Hill Lake Mesa Pass Point Ridge River Valley")
PLACES = tuple(f"{first} {last}" for first in _FIRST_PARTS for last in _LAST_PARTS)
"""About six hundred invented places: ``Alder Bay`` to ``Wolf Valley``."""


def person(rng: random.Random) -> str:
    """Return a full name out of 900."""
    return f"{rng.choice(FIRST_NAMES)} {rng.choice(SURNAMES)}"


def place(rng: random.Random) -> str:
    """Return an invented place."""
    return rng.choice(PLACES)
