"""What is done with which kind of personal data, and what a domain needs by default."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from typing import Protocol

from data_tools.errors import DataError
from data_tools.privacy.spans import Span

PLACEHOLDERS: Mapping[str, str] = MappingProxyType({
    "email": "[EMAIL]", "phone": "[PHONE]", "ip": "[IP]", "ssn": "[SSN]", "record_number": "[RECORD]",
    "iban": "[IBAN]", "card": "[CARD]", "health_plan_number": "[HEALTH_PLAN]", "licence_number": "[LICENCE]",
    "vehicle_id": "[VEHICLE]", "device_id": "[DEVICE]", "url": "[URL]", "date": "[DATE]", "age": "[AGE]",
    "zip": "[ZIP]", "person": "[NAME]", "address": "[ADDRESS]",
})  # fmt: skip
"""Every kind, and what stands in a text in its place."""
RECOGNISED_KINDS = ("person", "address")
"""Kinds that only a recogniser finds."""
KINDS = tuple(kind for kind in PLACEHOLDERS if kind not in RECOGNISED_KINDS)
"""Kinds that rules find."""
GENERAL_KINDS = ("email", "phone", "ip", "ssn", "iban", "card")
PATIENT_KINDS = frozenset(KINDS) - frozenset(GENERAL_KINDS)
GENERALISED_KINDS = ("date", "age", "zip")
"""Kinds of which HIPAA's Safe Harbor rule lets a part stand: the year, "90 or older", three digits."""
PSEUDONYM_KINDS = tuple(kind for kind in KINDS if kind not in GENERALISED_KINDS)
ACTIONS = ("mask", "pseudonymise", "generalise", "drop")
MIN_SECRET_CHARACTERS = 16

_DOMAINS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"general": GENERAL_KINDS, "web": GENERAL_KINDS, "geo": GENERAL_KINDS, "finance": GENERAL_KINDS, "medical": KINDS}
)
DOMAINS = tuple(_DOMAINS)


class Recogniser(Protocol):
    """Finds names and addresses by a model (data_tools/privacy/recogniser.py)."""

    def __call__(self, text: str, /) -> Iterable[Span]:
        """Return spans of ``RECOGNISED_KINDS`` in ``text``, in any order."""


@dataclass(frozen=True)
class Policy:
    """What is done with each kind that is looked for; a kind without an action is left alone.

    Raises ``DataError`` for an unknown kind or action, or one that lacks what it needs.
    """

    actions: Mapping[str, str]
    """By kind. ``mask``: a placeholder. ``pseudonymise``: a made-up value of the same form from a range reserved for
    that, the same one wherever the same value stands. ``generalise`` (dates, ages, ZIP codes): as much as HIPAA's Safe
    Harbor rule lets stand. ``drop``: a document that holds the kind is refused."""
    max_hits: int | None = None
    """A document with more hits of all kinds together is refused (Dolma: 5); None: no such limit."""
    secret: str | None = field(default=None, repr=False)
    """Key of the pseudonyms, at least 16 characters. Whoever has it can test a guess; without it nothing leads back."""
    recogniser: Recogniser | None = field(default=None, repr=False)
    """Finds names and addresses; needed for, and only asked about, ``RECOGNISED_KINDS``."""

    def __post_init__(self) -> None:
        for kind, action in self.actions.items():
            _check_known("kind of personal data", kind, tuple(PLACEHOLDERS))
            _check_known("action", action, ACTIONS)
            if action == "generalise" and kind not in GENERALISED_KINDS:
                raise DataError(f"{kind}: cannot be generalised. Use mask, pseudonymise or drop")
            if action == "pseudonymise" and kind not in PSEUDONYM_KINDS:
                raise DataError(f"{kind}: has no pseudonyms. Use mask, generalise or drop")
            if kind in RECOGNISED_KINDS and self.recogniser is None:
                raise DataError(f"{kind}: rules cannot find it. Name a recogniser, or take {kind} out of the policy")
        if "pseudonymise" in self.actions.values() and len(self.secret or "") < MIN_SECRET_CHARACTERS:
            raise DataError(
                f"secret: pseudonyms need one of at least {MIN_SECRET_CHARACTERS} characters, "
                f"got {len(self.secret or '')}. Set it, or use mask"
            )
        if self.max_hits is not None and self.max_hits < 0:
            raise DataError(f"max_hits: must be at least 0, got {self.max_hits}")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are looked for."""
        return tuple(self.actions)

    @property
    def secret_fingerprint(self) -> str | None:
        """16 hexadecimal digits that tell one secret from another and do not lead back to it; for a step's identity."""
        if self.secret is None:
            return None
        return blake2b(b"fingerprint", key=key_of(self.secret), digest_size=8).hexdigest()

    def refusal(self, counts: Mapping[str, int]) -> tuple[str, int] | None:
        """Return why a document with these hits goes: the kind, or "hits", and how many; None if it stays."""
        for kind, count in counts.items():
            if count and self.actions.get(kind) == "drop":
                return kind, count
        total = sum(counts.values())
        return ("hits", total) if self.max_hits is not None and total > self.max_hits else None


def policy_for(
    domain: str,
    kinds: Collection[str] | None = None,
    actions: Mapping[str, str] | None = None,
    max_hits: int | None = None,
    secret: str | None = None,
    recogniser: Recogniser | None = None,
) -> Policy:
    """Return a domain's policy: ``GENERAL_KINDS``; in medicine all of ``KINDS``.

    Every kind is masked, but for dates, ages and ZIP codes, which are generalised. ``kinds`` replaces the domain's own;
    ``actions`` changes single ones; a ``recogniser`` adds names and addresses. Raises ``DataError`` as ``Policy`` does.
    """
    _check_known("domain", domain, DOMAINS)
    chosen = _DOMAINS[domain] if kinds is None else tuple(kinds)
    if recogniser is not None:
        chosen += RECOGNISED_KINDS
    by_kind = {kind: "generalise" if kind in GENERALISED_KINDS else "mask" for kind in chosen}
    return Policy({**by_kind, **(actions or {})}, max_hits, secret, recogniser)


def key_of(secret: str) -> bytes:
    """Return a secret of any length as a key of 32 bytes."""
    return blake2b(secret.encode(), digest_size=32, person=b"strata-privacy").digest()


def _check_known(what: str, name: str, known: tuple[str, ...]) -> None:
    if name not in known:
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"Did you mean {close[0]}?" if close else f"Use one of {', '.join(known)}"
        raise DataError(f"unknown {what}, got {name!r}. {hint}")
