"""Where a text speaks of a patient, and which parts of it are worth reading closely."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property

CHARACTERS_PER_MARKER = 1_500
"""A text with a patient's marker in this many characters on average is a note about a patient from end to end."""
CHARACTERS_OF_A_MARKER = 50
"""Markers this near to each other ("the patient", "patient was") are one."""
WINDOW_CHARACTERS = 250
AROUND_DIGITS = 80

_DIGITS = re.compile(r"[0-9]+")
# What is said of one patient and hardly of patients, drugs or epidemics. Small letters: matched on lowered text.
_CLEAR_MARKERS = (
    "the patient", "this patient", "patient:", "patient is", "patient was", "patient has", "y/o", "year-old",
    "year old", "mrn", "dob", "date of birth", "date of service", "was admitted", "discharged", "denies",
    "present illness", "readmitted", "gravida", "her mother", "her husband", "his mother", "his wife",
    "last menstrual", "status post", "last visit",
)  # fmt: skip
_OTHER_MARKERS = (
    "patient", "admitted", "underwent", "complain", "followup", "follow-up", "postop", "post-op", "hospital stay",
    "dictation", "surgery", "surgeries", "biopsy", "cabg", "born on",
)  # fmt: skip
_NO_MARKER = re.compile(
    r"patient(?:\w|/|['’]s? (?:rights|association)| (?:care|education|safety|information|portal|advoca|group|organi))"
)


class PatientText:
    """A text of the medical domain; what is slow to know about it is found out once, when first asked."""

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def lowered(self) -> str:
        """The text in small letters; a few letters (İ) change its length, so places in it are near, not exact."""
        return self.text.lower()

    @cached_property
    def near_digits(self) -> list[tuple[int, int]]:
        """The parts of the text within ``AROUND_DIGITS`` of a digit, in order, none touching another."""
        parts: list[tuple[int, int]] = []
        for match in _DIGITS.finditer(self.text):
            begin, end = max(0, match.start() - AROUND_DIGITS), match.end() + AROUND_DIGITS
            if parts and begin <= parts[-1][1]:
                parts[-1] = (parts[-1][0], end)
            else:
                parts.append((begin, end))
        return parts

    def matches_near_digits(self, pattern: re.Pattern[str]) -> Iterator[re.Match[str]]:
        """Yield the matches of a ``pattern`` that needs a digit within ``AROUND_DIGITS`` of each of its characters."""
        for begin, end in self.near_digits:
            yield from pattern.finditer(self.text, begin, end)

    def holds_any(self, words: tuple[str, ...]) -> bool:
        """Whether one of ``words``, in small letters, stands in the text."""
        return any(word in self.lowered for word in words)

    @cached_property
    def is_note(self) -> bool:
        """Whether the whole text is about a patient."""
        return self._are_dense(self._places)

    def is_about_patient(self, begin: int) -> bool:
        """Whether a patient is spoken of at ``begin``: anywhere in a note, elsewhere within ``WINDOW_CHARACTERS``."""
        return self.is_note or _is_near(self._places, begin)

    def is_clearly_about_patient(self, begin: int) -> bool:
        """As ``is_about_patient``, by words that texts for patients ("surgery", "biopsy") do not use."""
        return self._are_dense(self._clear_places) or _is_near(self._clear_places, begin)

    @cached_property
    def _clear_places(self) -> list[int]:
        return self._places_of(_CLEAR_MARKERS)

    @cached_property
    def _places(self) -> list[int]:
        return sorted(self._clear_places + self._places_of(_OTHER_MARKERS))

    def _are_dense(self, places: list[int]) -> bool:
        num_places = len({place // CHARACTERS_OF_A_MARKER for place in places})
        return num_places > 0 and num_places * CHARACTERS_PER_MARKER >= len(self.text)

    def _places_of(self, markers: tuple[str, ...]) -> list[int]:
        places = []
        for marker in markers:
            place = self.lowered.find(marker)
            while place >= 0:
                if marker != "patient" or not _NO_MARKER.match(self.lowered, place):
                    places.append(place)
                place = self.lowered.find(marker, place + len(marker))
        return sorted(places)


def _is_near(places: list[int], begin: int) -> bool:
    place = bisect_left(places, begin - WINDOW_CHARACTERS)
    return place < len(places) and places[place] <= begin + WINDOW_CHARACTERS
