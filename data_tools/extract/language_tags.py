"""Language codes as sources write them (``eng``, ``EN``, ``pt_br``) to the tags of records (``en``, ``pt-BR``)."""

from __future__ import annotations

import re

# ISO 639-2, the bibliographic code before the terminological one where they differ, and ISO 639-1.
_CODES = """
afr af alb sq sqi sq amh am ara ar arm hy hye hy aze az baq eu eus eu bel be ben bn bos bs bul bg bur my mya my cat ca
chi zh zho zh cze cs ces cs dan da dut nl nld nl eng en epo eo est et fin fi fre fr fra fr geo ka kat ka ger de deu de
gle ga glg gl gre el ell el guj gu heb he hin hi hrv hr hun hu ice is isl is ind id ita it jpn ja kan kn kaz kk khm km
kir ky kor ko lat la lav lv lit lt ltz lb mac mk mkd mk mal ml mao mi mri mi mar mr may ms msa ms mlt mt mon mn nep ne
nob nb nno nn nor no pan pa per fa fas fa pol pl por pt pus ps rum ro ron ro rus ru san sa sin si slo sk slk sk slv sl
som so spa es srp sr swa sw swe sv tam ta tel te tha th tib bo bod bo tur tr ukr uk urd ur uzb uz vie vi wel cy cym cy
"""
_PAIRS = _CODES.split()
_SHORT = dict(zip(_PAIRS[::2], _PAIRS[1::2], strict=True))
_TAG = re.compile(r"([A-Za-z]{2,3})(?:[-_]([A-Za-z]{4}))?(?:[-_]([A-Za-z]{2}|\d{3}))?(?:[-_].*)?\Z")
_NO_LANGUAGE = ("und", "mul", "mis", "zxx", "xx")


def language_of(tag: str) -> str:
    """Return ``tag`` with its language by ISO 639-1, where it has one, and its region; empty where it names none."""
    found = _TAG.match(tag.strip())
    if found is None or found[1].lower() in _NO_LANGUAGE:
        return ""
    language = _SHORT.get(found[1].lower(), found[1].lower())
    return f"{language}-{found[3].upper()}" if found[3] else language
