"""Made-up values in the form of personal data, from ranges that belong to no one.

A value and its kind are hashed with a secret key (BLAKE2b, RFC 7693), and the digest picks the pseudonym: the same
value gets the same one in a whole corpus, however it is written. Where a range is small (762 IPv4 addresses, 100 lines
in each telephone area, a dozen cards) two values may share one: pseudonyms keep texts readable, not records apart. The
digest is cut to the range, so nothing leads from a pseudonym to its value.

Ranges: example.com, .net, .org (RFC 2606); 192.0.2.0/24, 198.51.100.0/24, 203.0.113.0/24 (RFC 5737); 2001:db8::/32
(RFC 3849); 555-0100 to 555-0199 in North America; social security area 000, never issued; IBAN check digits 00, which
no account has; the card schemes' test numbers. Records, licences, plans, vehicles and devices have no reserved range:
their digits and letters are replaced by keyed ones.
"""

from __future__ import annotations

import ipaddress
import re
from hashlib import blake2b

from data_tools.privacy.policy import key_of

_TEST_CARDS = (
    "4111111111111111", "4012888888881881", "5555555555554444", "5105105105105100", "378282246310005",
    "371449635398431", "30569309025904", "38520000023237", "6011111111111117", "6011000990139424",
    "3530111333300000", "3566002020360505",
)  # fmt: skip
"""The schemes' public test numbers; all pass Luhn."""
_DOCUMENTATION_NETS = ("192.0.2", "198.51.100", "203.0.113")
_EXTENSION = re.compile(r"[ ,;]{0,2}[xXeE][^0-9]*[0-9]+\Z")
_CONSONANTS, _VOWELS = "bdfgklmnprstvz", "aeiou"


class Pseudonyms:
    """Pseudonyms under one secret."""

    def __init__(self, secret: str) -> None:
        self._key = key_of(secret)

    def of(self, kind: str, found: str) -> str:
        """Return the pseudonym of the value ``found`` of a kind in ``PSEUDONYM_KINDS``."""
        digits = re.sub(r"[^0-9]", "", found)
        match kind:
            case "email":
                return self._email(found)
            case "phone":
                return self._phone(found)
            case "ip":
                return self._ip(found)
            case "ssn":
                return _filled(found, "000" + self._digits(kind, digits, 6))
            case "card":
                return self._card(found, digits)
            case "iban":
                return self._iban(found)
            case "url":
                return f"https://www.example.com/{self._number(kind, found):x}"[:40]
            case _:
                return self._same_shape(kind, found)

    def _number(self, kind: str, value: str) -> int:
        return int.from_bytes(blake2b(f"{kind}\0{value}".encode(), key=self._key, digest_size=32).digest())

    def _digits(self, kind: str, value: str, count: int) -> str:
        return str(self._number(kind, value)).zfill(78)[-count:]

    def _email(self, found: str) -> str:
        number = self._number("email", found.lower())
        letters = []
        for place in range(12):
            number, choice = divmod(number, len(_VOWELS if place % 2 else _CONSONANTS))
            letters.append((_VOWELS if place % 2 else _CONSONANTS)[choice])
        name = "".join(letters)
        return f"{name[:6]}.{name[6:]}@example.{('com', 'net', 'org')[number % 3]}"

    def _phone(self, found: str) -> str:
        """Seven and ten digits keep their groups; a number of another country becomes a North American one."""
        extension = "".join(_EXTENSION.findall(found))
        number = found.removesuffix(extension)
        digits = re.sub(r"[^0-9]", "", number)
        country = re.match(r"001(?=[0-9]{10}$)|1(?=[0-9]{10}$)", digits)
        national = digits[country.end() :] if country else digits
        seed = self._number("phone", national)
        line = f"55501{seed % 100:02}"
        area = f"{2 + seed // 100 % 8}{seed // 800 % 9}{2 + seed // 7200 % 8}"
        if len(national) == 7:
            made = _filled(number, line)
        elif len(national) == 10 and (country or not number.startswith("+")):
            made = _filled(number, (country.group() if country else "") + area + line)
        else:
            made = f"+1 {area} {line[:3]} {line[3:]}"
        return made + re.sub(r"[0-9]+", lambda match: self._digits("phone", national, len(match.group())), extension)

    def _ip(self, found: str) -> str:
        address = ipaddress.ip_address(found)
        number = self._number("ip", address.compressed)
        if address.version == 4:
            return f"{_DOCUMENTATION_NETS[number % 3]}.{1 + number // 3 % 254}"
        return str(ipaddress.IPv6Address((0x20010DB8 << 96) | number % (1 << 96)))

    def _card(self, found: str, digits: str) -> str:
        fitting = [card for card in _TEST_CARDS if len(card) == len(digits)] or list(_TEST_CARDS)
        brand = [card for card in fitting if card[0] == digits[0]] or fitting
        card = brand[self._number("card", digits) % len(brand)]
        return _filled(found, card) if len(card) == len(digits) else card

    def _iban(self, found: str) -> str:
        account = re.sub(r"[^A-Za-z0-9]", "", found).upper()
        shaped = self._same_shape("iban", account)
        return _filled(found, account[:2] + "00" + shaped[4:])

    def _same_shape(self, kind: str, found: str) -> str:
        number = self._number(kind, re.sub(r"\W", "", found).upper())
        made = []
        for character in found:
            first, size = ("0", 10) if character.isdigit() else ("A" if character.isupper() else "a", 26)
            if character.isalnum():
                number, choice = divmod(number, size)
                character = chr(ord(first) + choice)
            made.append(character)
        return "".join(made)


def _filled(form: str, characters: str) -> str:
    """Return ``form`` with its digits and letters replaced one by one by ``characters``, its marks kept."""
    left = iter(characters)
    return "".join(next(left, character) if character.isalnum() else character for character in form)
