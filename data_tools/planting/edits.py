"""Changes to one text, each from its own random generator: the defects themselves, without documents or labels."""

from __future__ import annotations

import ipaddress
import random
import re
from dataclasses import dataclass

from data_tools.shingles import words_of
from data_tools.worlds.names import FIRST_NAMES, SURNAMES

SHINGLE_WORDS = 5
NEAR_RATES = (0.005, 0.01, 0.01, 0.015, 0.02, 0.03, 0.05, 0.1, 0.2, 0.5)
"""Shares of the words that near duplicates change. A changed word costs up to five shingles, so that the first four
keep a Jaccard similarity near 0.85 or above, and the last two are hardly duplicates any more."""
NEAR_OPERATIONS = ("replace", "drop", "swap", "mixed")
MIN_WORDS_LEFT, MAX_WORDS_LEFT = 4, 40
MOJIBAKE_CODECS = ("windows-1252", "latin-1")

_FILLERS = (
    "about", "again", "always", "around", "better", "bottle", "candle", "common", "corner", "during", "engine",
    "family", "forest", "garden", "gentle", "happen", "island", "ladder", "market", "mirror", "narrow", "number",
    "orange", "parent", "pocket", "quick", "rather", "second", "silent", "simple", "summer", "system", "thirty",
    "travel", "under", "until", "vessel", "winter", "yellow", "zigzag",
)  # fmt: skip
_ACCENTED = (
    "José Muñoz and Zoë Müller of Zürich called the finding “très intéressant” – a café in São Paulo keeps a copy.",
    "The note by François Lefèvre says “not before März”, and Åsa Öberg added: it’s naïve to expect more – or less.",
    "Señora Peña’s résumé of the meeting in Kraków – “brève mais complète” – cites Gödel, Ångström and Béla Bartók.",
    "“Où est la clé?” asked Noël; Jürgen’s reply – “über der Tür” – is kept in the archive of Malmö and Besançon.",
)
_RUNNING_TITLES = (
    "Survey Report 2011-17",
    "Annual Review of the District",
    "Notes on the Collection",
    "Draft, Volume 3",
)
_LOST_REFERENCES = ("(see )", "(Figure )", "(see and )", "(Table )", "( )", "(see Equation )")
_LONG_WORD = re.compile(r"(?P<end>(?<=[a-z,])\n)?\b(?P<word>[a-z]{8,})\b")
"""A long word, and the line end before it where a line ends inside a sentence there."""
MIN_BROKEN = 5
_SITES = ("Northfield Online", "The Daily Ledger", "Open Notes Archive", "Harbor Knowledge Base")
_WINDOWS_1252 = {
    byte: bytes([byte]).decode("cp1252") for byte in range(0x80, 0xA0) if byte not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
_SPACES = re.compile(r"(\s+)")


@dataclass(frozen=True)
class AskedQuestion:
    """What the planter needs to know of a test question."""

    id: str
    question: str
    choices: tuple[str, ...]
    answer: int
    cloze: bool = False


def shingle_jaccard(left: str, right: str) -> float:
    """Return the Jaccard similarity of the two texts' sets of 5-word shingles; a shorter text is one shingle."""
    a, b = _shingles(left), _shingles(right)
    return len(a & b) / len(a | b) if a or b else 0.0


def _shingles(text: str) -> set[tuple[str, ...]]:
    words = words_of(text)
    if not words:
        return set()
    return {tuple(words[i : i + SHINGLE_WORDS]) for i in range(max(1, len(words) - SHINGLE_WORDS + 1))}


def change_words(text: str, rate: float, operation: str, rng: random.Random) -> str:
    """Return ``text`` with ``rate`` of its words replaced, dropped or swapped with the next; at least one."""
    parts = _SPACES.split(text)
    places = [i for i, part in enumerate(parts) if part and not part.isspace()]
    chosen = sorted(rng.sample(places[:-1] or places, max(1, min(len(places) - 1, round(rate * len(places))))))
    for place in chosen:
        what = rng.choice(NEAR_OPERATIONS[:3]) if operation == "mixed" else operation
        if what == "replace":
            parts[place] = rng.choice([word for word in _FILLERS if word != parts[place]])
        elif what == "drop":
            parts[place] = ""
            if place + 1 < len(parts):
                parts[place + 1] = ""
        elif place + 2 < len(parts):
            parts[place], parts[place + 2] = parts[place + 2], parts[place]
    return "".join(parts).strip()


def add_boilerplate(text: str, rng: random.Random) -> tuple[str, list[str]]:
    """Return ``text`` between a header and a footer of web furniture, the same for a whole site, and their lines."""
    site = rng.choice(_SITES)
    header = [f"Skip to main content | {site}", "We use cookies to improve this page. Read our cookie policy."]
    footer = [
        f"All rights reserved by {site}.",
        "By reading on you accept our terms of use and privacy policy.",
        "Sign up to our newsletter. Share this page. Follow us on every network.",
    ]
    return "\n".join([*header, text, *footer]), [*header, *footer]


def add_mojibake(text: str, codec: str, rng: random.Random) -> tuple[str, list[str]]:
    """Return ``text`` with accents and quotation marks put in and all of it decoded wrongly, and the words lost by it.

    UTF-8 bytes are read as ``codec``. windows-1252 is the WHATWG's, as browsers do it: the five bytes that it leaves
    undefined become control characters, so that nothing is lost for good.
    """
    whole = _insert_sentence(text, rng.choice(_ACCENTED), rng)
    lost = [
        word
        for word in whole.split()
        # A soft hyphen goes by another repair, so that its word never comes back as it was.
        if not word.isascii() and any(map(str.isalpha, word)) and word.isprintable()
    ]
    wrong = whole.encode("utf-8").decode("latin-1")
    if codec == "windows-1252":
        wrong = wrong.translate(_WINDOWS_1252)
    return wrong, lost


def truncate(text: str, rng: random.Random) -> tuple[str, float]:
    """Return the first 4 to 40 words, never ending a sentence, and the share of the words that is left."""
    words = text.split()
    count = min(len(words) - 1, rng.randint(MIN_WORDS_LEFT, MAX_WORDS_LEFT))
    while count > 1 and words[count - 1].endswith((".", "!", "?")):
        count -= 1
    return " ".join(words[:count]), count / len(words)


def add_personal_data(text: str, kind: str, rng: random.Random) -> tuple[str, str]:
    """Return ``text`` with a sentence that holds invented personal data of ``kind``, and the datum.

    Kinds: email, phone, ip, ssn, card, iban.

    Mail domains end in ``.example`` and telephone numbers are 555-01xx: both are reserved for fiction. Addresses are
    public; numbers of cards and accounts have right check digits.
    """
    first, last = rng.choice(FIRST_NAMES), rng.choice(SURNAMES)
    if kind == "email":
        host = rng.choice(("northmail", "postbox", "valleynet", "inkwell", "fastmail-city"))
        datum = f"{first.lower()}{rng.choice(('.', '_', ''))}{last.lower()}{rng.choice(('', str(rng.randint(1, 99))))}"
        datum += f"@{host}.example"
        sentence = rng.choice(
            ("Write to {d} for a copy.", "{p} can be reached at {d} on weekdays.", "Contact: {p} ({d}).")
        )
    elif kind == "phone":
        area, line = rng.randint(201, 989), rng.randint(100, 199)
        datum = rng.choice(("({a}) 555-0{l}", "{a}-555-0{l}", "+1 {a} 555 0{l}")).format(a=area, l=line)
        sentence = rng.choice(
            ("Call {p} at {d} for details.", "The telephone number of {p} is {d}.", "Phone {d} and ask.")
        )
    elif kind == "ssn":
        datum = f"{rng.randint(100, 599)}-{rng.randint(10, 99)}-{rng.randint(1000, 9999)}"
        sentence = rng.choice(("The social security number of {p} is {d}.", "{p} (SSN {d}) signed the form."))
    elif kind == "card":
        datum = _card_number(rng)
        sentence = rng.choice(("{p} paid with the card {d} in spring.", "Charge it to {d}, wrote {p}."))
    elif kind == "iban":
        datum = _account_number(rng)
        sentence = rng.choice(("Send the money to {d} for {p}.", "The account of {p} is {d}."))
    else:
        datum = _public_address(rng)
        sentence = rng.choice(("{p} logged in from {d} at night.", "The server at {d} holds the files of {p}."))
    return _insert_sentence(text, sentence.format(p=f"{first} {last}", d=datum), rng), datum


def _card_number(rng: random.Random) -> str:
    """Return an invented payment card number with a right check digit (Luhn)."""
    digits = rng.choice(("4", f"5{rng.randint(1, 5)}"))
    digits += "".join(rng.choices("0123456789", k=15 - len(digits)))
    doubled = [int(digit) * (2 if place % 2 == 0 else 1) for place, digit in enumerate(digits)]
    digits += str(-sum(value - 9 if value > 9 else value for value in doubled) % 10)
    return rng.choice((" ", "-", "")).join(digits[i : i + 4] for i in range(0, 16, 4))


def _account_number(rng: random.Random) -> str:
    """Return an invented IBAN with right check digits (ISO 13616)."""
    country, length = rng.choice((("DE", 18), ("ES", 20), ("AT", 16)))
    digits = "".join(rng.choices("0123456789", k=length))
    as_number = digits + "".join(str(ord(letter) - 55) for letter in country) + "00"
    plain = f"{country}{98 - int(as_number) % 97:02d}{digits}"
    return rng.choice((" ", "")).join(plain[i : i + 4] for i in range(0, len(plain), 4))


def break_words(text: str, rng: random.Random) -> tuple[str, list[str]]:
    """Return ``text`` with long words broken over two lines with a hyphen, and those words.

    A text set in lines has words broken at its line ends, as typesetters do: up to a twelfth of the lines, five at
    least. In another text five words are broken where they stand.
    """
    found = [match for match in _LONG_WORD.finditer(text) if text.count(match["word"]) == 1]
    at_ends = [match for match in found if match["end"]]
    if len(at_ends) >= MIN_BROKEN:
        num = max(MIN_BROKEN, text.count("\n") // 12)
        chosen = rng.sample(at_ends, min(num, len(at_ends)))
    else:
        chosen = rng.sample(found, min(MIN_BROKEN, len(found)))
    for match in sorted(chosen, key=lambda match: -match.start()):
        word, space = match["word"], " " if match["end"] else ""
        place = rng.randint(3, len(word) - 3)
        text = f"{text[: match.start()]}{space}{word[:place]}-\n{word[place:]}{text[match.end() :]}"
    return text, [match["word"] for match in sorted(chosen, key=re.Match.start)]


def add_page_furniture(text: str, rng: random.Random) -> tuple[str, list[str]]:
    """Return ``text`` cut into pages, a running title and a page number between them, and those lines."""
    words = text.split(" ")
    num_pages = rng.randint(4, 7)
    size = max(len(words) // num_pages, 1)
    title = rng.choice(_RUNNING_TITLES)
    first = rng.randint(1, 80)
    pages = [words[begin : begin + size] for begin in range(0, len(words), size)]
    parts, lines = [], [title]
    for number, page in enumerate(pages):
        lines.append(f"Page {first + number} of {first + len(pages) - 1}")
        parts.append("\n".join((title, " ".join(page), lines[-1])))
    return "\n".join(parts), lines


def lose_references(text: str, rng: random.Random) -> tuple[str, list[str]]:
    """Return ``text`` with up to three references whose target was lost, and what is left of them."""
    ends = [match.start() for match in re.finditer(r"(?<=[a-z])[.](?=\s|$)", text)]
    chosen = sorted(rng.sample(ends, min(3, len(ends))), reverse=True)
    stumps = rng.sample(_LOST_REFERENCES, len(chosen))
    for place, stump in zip(chosen, stumps, strict=True):
        text = f"{text[:place]} {stump}{text[place:]}"
    return text, stumps


def _public_address(rng: random.Random) -> str:
    while True:
        address = ipaddress.IPv4Address(rng.getrandbits(32))
        if address.is_global and not address.is_multicast:
            return str(address)


QUESTION_FORMS = ("with_answer", "with_choices")


def add_question(text: str, asked: AskedQuestion, form: str, rng: random.Random) -> str:
    """Return ``text`` with a test question and its answer inside, in one of ``QUESTION_FORMS``."""
    right = asked.choices[asked.answer]
    if asked.cloze:
        copied = f"{asked.question} {right}."
        if form == "with_choices":
            copied = f"{asked.question} ... ({'; '.join(asked.choices)}). {copied}"
    elif form == "with_choices":
        options = " ".join(f"({letter}) {choice}" for letter, choice in zip("ABCDEFGHIJ", asked.choices, strict=False))
        copied = f"Question: {asked.question} {options} Answer: {right}."
    else:
        copied = f"Question: {asked.question} Answer: {right}."
    return _insert_sentence(text, copied, rng)


def _insert_sentence(text: str, sentence: str, rng: random.Random) -> str:
    """Put ``sentence`` after a sentence of ``text``, or at its end where none ends before a space."""
    ends = [match.end() for match in re.finditer(r"[.!?](?=\s)", text)]
    if not ends:
        return f"{text} {sentence}"
    place = rng.choice(ends)
    return f"{text[:place]} {sentence}{text[place:]}"
