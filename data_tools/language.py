"""Is a text in its declared language, and is it language at all? Small statistics, no model and no download.

Two measures, both honest about what they are. The first counts function words (articles, prepositions, pronouns) of
nine European languages; a word of the declared language speaks for it alone. It tells
running text of more than about 20 words apart from running text in another of these languages, or in another script.
It does not identify languages outside the list, nor mixtures inside a document; a fastText or GlotLID model does, and
is left to a larger profile. The second measures how many neighbouring letters are a pair
that is common in English words: random letters fall to a third of what English, Latin terms or chemical names reach.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from functools import cache, lru_cache

MIN_WORDS = 20
"""Fewer alphabetic words than this are not judged: the shares are noise."""
MAX_WORDS = 20_000
"""Longer texts are judged by their first 20,000 alphabetic words, so that work per document is bounded."""

MIN_DISTINCT = 4
"""Fewer different function words than this say nothing."""

_FUNCTION_WORDS = {
    "en": "the of and to in is that it was for on are with as be this by from or which have not at were had but they a "
    "their has been its an these can when than there into other more such between also may where some would about no "
    "so do me all over under up if he she his her him my you your we our us who what how only will out said one any "
    "most very i then them after must did just like now here man am",
    "de": "der die das und ist nicht ein eine den von zu mit sich des auf für im dem auch als es an werden aus er hat "
    "dass sie nach wird bei einer um noch wie über einen so zum war haben nur oder aber vor zur bis mehr durch",
    "fr": "le la les de des et est un une dans que qui pour par sur pas plus avec ce cette il elle sont au aux du en "
    "ne se comme mais ou nous vous leur ses son sa été être ont fait aussi entre sans dont ces même très",
    "es": "el la los las de y que en es un una por con para del se no su al lo como más pero sus le ya este sí porque "
    "esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante fue son ha",
    "it": "il lo la i gli le di che è e un una per non con del della dei delle da nel sono si come più anche alla al "
    "dal questo questa ma ha hanno o se nella ai suo sua loro essere tra cui molto dopo dalla sul perché",
    "pt": "o a os as de e que é do da em um uma para com não no na por mais dos das se como ao ele foi mas à seu sua "
    "ou quando muito nos já eu também só pelo pela até isso entre depois sem mesmo aos são está ter",
    "nl": "de het een en van in is dat op te zijn met voor niet aan er om hij ook als dan maar bij uit nog naar heeft "
    "worden wordt door over ze zich hun deze dit werd kan tot je geen meer wel zij hebben tussen",
    "sv": "och att det som en på är av för med den till inte om ett han men var jag sig från vi så kan när år de under "
    "också efter eller nu sin där vid mot ska skulle kommer ut får finns vara hade alla andra mycket",
    "pl": "w z na i do nie się że jest to jak po za od ale czy przez dla są był była było tego tym oraz które który "
    "która ich jego jej być może tak już tylko przed pod nad między gdy kiedy ten co bo nikt tej przy lub także mnie",
}
LANGUAGES = tuple(_FUNCTION_WORDS)

# The 200 commonest pairs of neighbouring letters inside English words, counted over public-domain books and astronomy
# textbooks (25 million characters), where they are 94 % of all pairs.
_COMMON_PAIRS = (
    "thheineranrendonathaenouitedtooresasarstngishioftesevemeletialeantnellbederonocowahoelomlirichwhcemaurutraadotlai"
    "oeefolyowshetwiweusicpesisotaillorsundicaulimaimoldssnsghacectrgeooncidiesaemiryortkesuctprmiolosayavwoigpoevbudo"
    "nirytspaamfehtabifplblfrfiivtteynatuvibospfaeirdagodapuguptygogrgaciovucopmpbyexrntlmyckiaepdaakefyedsbascquclrrc"
    "rppgiffpimubrnyrukicurmuewnumokewocauyslfknftvahulufudrlsobaw"
)
_ASCII_WORD = re.compile(r"[a-z]{2,}")


@cache
def function_words(declared: str) -> dict[str, frozenset[str]]:
    """Return the function words of every language, those of ``declared`` taken out of all others."""
    lists = {language: frozenset(words.split()) for language, words in _FUNCTION_WORDS.items()}
    own = lists[declared]
    return {language: words if language == declared else words - own for language, words in lists.items()}


def function_word_shares(words: Sequence[str], declared: str) -> dict[str, float]:
    """Return, by language, the share of the alphabetic ``words`` that are function words of it and not of ``declared``.

    Only lower-case words speak for a language, and at least ``MIN_DISTINCT`` different ones: a list of places (Los
    Angeles, El Paso, Rio de Janeiro) is not Spanish. English running text reaches 0.30 to 0.50 for a declared ``en``
    and less than 0.03 for every other language.
    """
    counts = Counter(word for word in words[:MAX_WORDS] if word.isalpha())
    total = max(counts.total(), 1)
    found = {language: own & counts.keys() for language, own in function_words(declared).items()}
    return {
        language: sum(map(counts.__getitem__, own)) / total if len(own) >= MIN_DISTINCT else 0.0
        for language, own in found.items()
    }


def foreign_script_share(text: str) -> float:
    """Return the share of letters that are neither Latin nor Greek (Greek letters are symbols in science), 0 to 1."""
    if text.isascii():
        return 0.0
    letters = [character for character in text[: 10 * MAX_WORDS] if character.isalpha()]
    if not letters:
        return 0.0
    # Latin ends at U+024F and goes on at U+1E00; Greek lies in U+0370..U+03FF; U+2100..U+214F are letter-like symbols.
    foreign = sum(
        not (code < 0x0400 or 0x1D00 <= code < 0x2000 or 0x2100 <= code < 0x2150) for code in map(ord, letters)
    )
    return foreign / len(letters)


def other_language(text: str, words: Sequence[str], declared: str) -> tuple[str, float] | None:
    """Return (language, its share) where ``text`` is in another language than ``declared``, else None.

    Another script counts as ``other_script`` from half of the letters on. Another language counts where its function
    words are at least 8 % of the words and outnumber the declared language's two to one: an English page that quotes a
    French paragraph stays. Texts of fewer than ``MIN_WORDS`` alphabetic words are not judged.
    """
    script_share = foreign_script_share(text)
    if script_share >= 0.5:
        return "other_script", script_share
    if sum(map(str.isalpha, words[: MIN_WORDS * 10])) < MIN_WORDS:
        return None
    shares = function_word_shares(words, declared)
    own = shares.pop(declared)
    best = max(shares, key=lambda language: shares[language])
    return (best, shares[best]) if shares[best] >= max(0.08, 2 * own) else None


@lru_cache(maxsize=1)
def _common_pairs() -> frozenset[str]:
    return frozenset(_COMMON_PAIRS[start : start + 2] for start in range(0, len(_COMMON_PAIRS), 2))


def common_pair_share(words: Sequence[str]) -> float:
    """Return the share of neighbouring letters inside words that are among English's 200 commonest pairs, 0 to 1.

    English is near 0.94, mineral and drug names near 0.85, evenly random letters near 0.30. Texts with fewer than 100
    pairs give 1.0: too few to judge.
    """
    common = _common_pairs()
    num_pairs = num_common = 0
    for word, count in Counter(words[:MAX_WORDS]).items():
        lower = word.lower()
        if _ASCII_WORD.fullmatch(lower):
            pairs = [lower[start : start + 2] for start in range(len(lower) - 1)]
            num_pairs += count * len(pairs)
            num_common += count * sum(map(common.__contains__, pairs))
    return num_common / num_pairs if num_pairs >= 100 else 1.0
