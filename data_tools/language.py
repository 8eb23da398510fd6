"""Which language a text is in, and whether it is language at all. Works offline, with the model in the package.

The languages are told by py3langid 0.4 (BSD-3-Clause; Lui and Baldwin 2012, retrained in 2026 on 139 languages): naive
Bayes over byte n-grams (data_tools/language_model.py). Four things are added here. Only windows of a text are read, so
that work per document is bounded. What is no running text (numbers, markup, formulas, code, letters of another script)
is taken out of a window first, and windows that hold little else are not judged: tables, affiliations and lists in an
English paper are no other language. Latin must show Latin's function words: lists of species and diagnoses are not
Latin prose. And labels are ISO 639-1: variants are named by their macro-language, the 15 languages without such a code
are left out of the model, so that their texts fall to the nearest one that has one (Ancient Greek to ``el``, Nigerian
Pidgin to ``en``).

The second measure counts how many neighbouring letters are a pair that is common in English words: random letters fall
to a third of what English, Latin terms or chemical names reach.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data_tools.language_model import LanguageModel

_CODES = """
en af am an ar as az ba be bg bn br bs ca cs cy da de dz el eo es et eu fa ff fi fo fr fy ga gd gl gn gu ha he hi hr ht
hu hy id ig is it ja jv ka ki kk km kn ko ku ky la lb lg ln lo lt lv mg mk ml mn mr ms mt my ne nl nn no oc om or pa pl
ps pt qu ro ru rw sa se si sk sl sn so sq sr st sv sw ta te tg th tk tl tr tt ug uk ur uz vi vo wa xh yo zh zu
"""
LANGUAGES = tuple(_CODES.split())
"""ISO 639-1 codes of what is told apart and can be declared. Norwegian is ``no`` (Bokmål) or ``nn``."""
UNDETERMINED = "und"
"""ISO 639-2 for words whose language nobody can tell, such as a list of names."""
NO_LANGUAGE = "zxx"
"""ISO 639-2 for what holds no words: numbers, formulas, markup."""

MIN_CONFIDENCE = 0.5
"""A window counts for its language from this probability on. Of 3,086 single windows in 93 languages 90 % reached 0.99,
of which three were wrong; two lay below 0.65, one of them wrong (``make bench only=clean``). FineWeb's 0.65 is a score
of another model, fastText's lid.176, and does not carry over: between 0.5 and 0.8 the loss of English stays the same
here, and fewer texts in languages that the model does not know are caught."""
MIN_JUDGED_BYTES = 120
"""A text with less running text than this (20 words of English, 40 Chinese characters) is never another language."""
WINDOW_CHARACTERS = 250
NUM_WINDOWS = 4
"""A longer text is judged by this many windows, spread evenly from its first character to its last."""
NUM_WINDOWS_OF_MIXED = 20
"""Where those windows disagree, the text is judged by this many, for the shares of its languages."""

_MIN_WINDOW_BYTES = 40
_NO_ISO_639_1 = "ace bcl crh ext gcf gcr gom grc guw kab lij ltg nso pcm vec"
_MACRO_LANGUAGE = {"ary": "ar", "arz": "ar", "fuv": "ff", "gug": "gn", "hbo": "he", "kik": "ki", "sdh": "ku"}
_MACRO_LANGUAGE |= {"uzs": "uz", "wuu": "zh", "yue": "zh"}
_INSEPARABLE = {code: group for group in (("bs", "hr", "sr"), ("id", "ms"), ("nn", "no")) for code in group}
"""Written languages whose difference the model cannot see in a window: their probabilities are added."""
_LATIN_WORDS = "et est ad non cum ut ex quod sed qui quae per ab aut hoc sunt esse atque ac enim si nec"
_MIN_LATIN_WORDS = 0.05

_PLAIN = re.compile(r"[(\"'\[*]*[A-Za-z]+(?:['-][A-Za-z]+)*[)\]\"'.,;:!?*]*")
_PLAIN_WORDS = re.compile(rf"(?<!\S){_PLAIN.pattern}(?!\S)")
_LETTER = re.compile(r"[^\W\d_]")
# Latin ends at U+024F and goes on at U+1E00 (Vietnamese); U+2000 to U+2BFF are punctuation and symbols.
_OTHER_SCRIPT = re.compile("[\u0370-\u1dff\u2c00-\U0010ffff]")

# The 200 commonest pairs of neighbouring letters inside English words, counted over public-domain books and astronomy
# textbooks (25 million characters), where they are 94 % of all pairs.
_COMMON_PAIRS = (
    "thheineranrendonathaenouitedtooresasarstngishioftesevemeletialeantnellbederonocowahoelomlirichwhcemaurutraadotlai"
    "oeefolyowshetwiweusicpesisotaillorsundicaulimaimoldssnsghacectrgeooncidiesaemiryortkesuctprmiolosayavwoigpoevbudo"
    "nirytspaamfehtabifplblfrfiivtteynatuvibospfaeirdagodapuguptygogrgaciovucopmpbyexrntlmyckiaepdaakefyedsbascquclrrc"
    "rppgiffpimubrnyrukicurmuewnumokewocauyslfknftvahulufudrlsobaw"
)
MAX_PAIR_CHARACTERS = 200_000
"""Letter pairs are counted up to here, so that work per document is bounded."""
_MIN_PAIRS = 100


@dataclass(frozen=True)
class Language:
    """What language a text is in."""

    code: str
    """ISO 639-1; ``und`` where no window tells its language, ``zxx`` where there are no words."""
    confidence: float
    """The mean probability that the windows in a language give to ``code``, 0..1: in a text of several languages about
    its share. 0.0 for ``und`` and ``zxx``."""
    num_bytes: int = 0
    """UTF-8 bytes of running text that were judged."""
    shares: Mapping[str, float] = field(default_factory=dict)
    """By language, its share of the judged bytes (0..1)."""

    def share_of(self, declared: str) -> float:
        """Return the share of ``declared``, and of what cannot be told from it (Bosnian from Croatian), 0..1."""
        return sum(self.shares.get(code, 0.0) for code in _INSEPARABLE.get(declared, (declared,)))

    def is_other_than(self, declared: str) -> bool:
        """Whether most of the text is in other languages than ``declared``; False where too little was judged."""
        return self.num_bytes >= MIN_JUDGED_BYTES and self.share_of(declared) < 0.5


def identify(text: str) -> Language:
    """Return the language that most of ``text`` is in, its confidence, and the shares of all. See ``identify_all``."""
    return identify_all([text])[0]


def identify_all(texts: Sequence[str]) -> list[Language]:
    """Return the language of every text; many at once cost a third of what each alone would.

    Reads of each at most ``NUM_WINDOWS`` (of a mixed text ``NUM_WINDOWS_OF_MIXED``) windows of ``WINDOW_CHARACTERS``.
    """
    judged = _judge_windows(texts, NUM_WINDOWS)
    mixed = [
        place
        for place, text in enumerate(texts)
        if len({window.code for window in judged[place]} & set(LANGUAGES)) > 1
        and len(text) > NUM_WINDOWS * WINDOW_CHARACTERS
    ]
    again = _judge_windows([texts[place] for place in mixed], NUM_WINDOWS_OF_MIXED)
    for place, windows in zip(mixed, again, strict=True):
        judged[place] = windows
    return [_summed(windows) for windows in judged]


def _summed(windows: Sequence[_Window]) -> Language:
    num_bytes: Counter[str] = Counter()
    mass: dict[str, float] = dict.fromkeys(LANGUAGES, 0.0)
    for window in windows:
        if window.code not in (UNDETERMINED, NO_LANGUAGE):
            num_bytes[window.code] += window.num_bytes
            mass[window.code] += window.probability * window.num_bytes
    if not num_bytes:
        any_words = any(window.code == UNDETERMINED for window in windows)
        return Language(UNDETERMINED if any_words else NO_LANGUAGE, 0.0)
    code = num_bytes.most_common(1)[0][0]
    total = num_bytes.total()
    shares = {each: round(size / total, 4) for each, size in num_bytes.most_common()}
    return Language(code, mass[code] / total, total, shares)


def _windows(text: str, count: int) -> Iterator[str]:
    """Yield at most ``count`` windows of ``text``, from its start to its end; of a short text, all of it."""
    last = len(text) - WINDOW_CHARACTERS
    if len(text) <= count * WINDOW_CHARACTERS:
        starts: Sequence[int] = range(0, max(len(text), 1), WINDOW_CHARACTERS)
    else:
        starts = [number * last // (count - 1) for number in range(count)]
    for start in starts:
        window = text[start : start + WINDOW_CHARACTERS]
        # Words cut in two at the ends are left out; a script without spaces has none to look for.
        begin = window.find(" ", 0, 40) + 1 if start else 0
        end = window.rfind(" ", -40) if start < last else -1
        yield window[begin : end if end > begin else len(window)]


@dataclass(frozen=True)
class _Window:
    code: str
    probability: float
    num_bytes: int
    """Of running text."""


def _judge_windows(texts: Sequence[str], count: int) -> list[list[_Window]]:
    """Return for each text the language of each of its windows, at most ``count``."""
    words = [[_running_words(window) for window in _windows(text, count)] for text in texts]
    flat = [" ".join(each) for windows in words for each in windows]
    sizes = [len(plain.encode("utf-8", "surrogatepass")) for plain in flat]
    told = [place for place, size in enumerate(sizes) if size >= _MIN_WINDOW_BYTES]
    rows = dict(zip(told, _model().probabilities([flat[place] for place in told]), strict=True)) if told else {}
    judged, place = [], 0
    for windows in words:
        judged.append(
            [_judge(each, sizes[number], rows.get(number)) for number, each in enumerate(windows, start=place)]
        )
        place += len(windows)
    return judged


def _judge(words: Sequence[str], num_bytes: int, probabilities: NDArray[np.float32] | None) -> _Window:
    if probabilities is None:
        return _Window(UNDETERMINED if words else NO_LANGUAGE, 0.0, num_bytes)
    labels = _model().labels
    best = int(probabilities.argmax())
    code, probability = labels[best], float(probabilities[best])
    if code in _INSEPARABLE:
        probability = float(sum(probabilities[labels.index(each)] for each in _INSEPARABLE[code]))
    if code == "la" and not _is_latin_prose(words):
        return _Window(UNDETERMINED, 0.0, num_bytes)
    return _Window(code if probability >= MIN_CONFIDENCE else UNDETERMINED, probability, num_bytes)


def _is_latin_prose(words: Sequence[str]) -> bool:
    function_words = _LATIN_WORDS.split()
    return sum(word.lower() in function_words for word in words) >= _MIN_LATIN_WORDS * len(words)


def _running_words(window: str) -> list[str]:
    """Return the words of the window's main script; not its numbers, symbols, markup, formulas, addresses and code."""
    if window.isascii():
        return [word.lower() if word.isupper() else word for word in _PLAIN_WORDS.findall(window)]
    words = [
        word.lower() if word.isupper() else word
        for word in window.split()
        if (_PLAIN.fullmatch(word) if word.isascii() else _LETTER.search(word))
    ]
    others = [word for word in words if not word.isascii() and _OTHER_SCRIPT.search(word)]
    # Rare letters outweigh all others in the model: an address in Athens makes a letter of complaint Greek.
    if others and 2 * sum(map(len, others)) < sum(map(len, words)):
        return [word for word in words if word.isascii() or not _OTHER_SCRIPT.search(word)]
    return words


@lru_cache(maxsize=1)
def _model() -> LanguageModel:
    """Return the model with ISO 639-1 labels, read once per process."""
    from data_tools.language_model import LanguageModel

    return LanguageModel.load(_NO_ISO_639_1.split(), _MACRO_LANGUAGE)


@lru_cache(maxsize=1)
def _pair_classes() -> NDArray[np.uint8]:
    """Return for every pair of bytes (first + 256 second): 0 no two ASCII letters, 1 two letters, 2 a common pair."""
    import numpy as np

    classes = np.zeros(1 << 16, dtype=np.uint8)
    letters = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz", dtype=np.uint8).astype(np.int64)
    pairs = np.frombuffer(_COMMON_PAIRS.encode(), dtype=np.uint8).astype(np.int64).reshape(-1, 2)
    for upper_first in (0, 32):
        for upper_second in (0, 32):
            classes[((letters - upper_first)[:, None] + 256 * (letters - upper_second)).ravel()] = 1
            classes[(pairs[:, 0] - upper_first) + 256 * (pairs[:, 1] - upper_second)] = 2
    return classes


def common_pair_share(text: str | Sequence[str]) -> float:
    """Return the share of neighbouring ASCII letters in a text, or its words, that are among English's 200 commonest.

    From 0 to 1: English is near 0.94, mineral and drug names near 0.85, evenly random letters near 0.30. Texts with
    fewer than 100 pairs give 1.0: too few to judge.
    """
    import numpy as np

    joined = text if isinstance(text, str) else " ".join(text)
    codes = np.frombuffer(joined[:MAX_PAIR_CHARACTERS].encode("ascii", "replace"), dtype=np.uint8).astype(np.uint16)
    counts = np.bincount(_pair_classes()[codes[:-1] + 256 * codes[1:]], minlength=3)
    num_pairs = int(counts[1] + counts[2])
    return int(counts[2]) / num_pairs if num_pairs >= _MIN_PAIRS else 1.0
