"""What web pages leave in a text: menus, breadcrumbs, share buttons, cookie banners, legal lines, invitations.

Two kinds of signs. Phrases that only a site says of itself ("skip to main content", "we use cookies", C4's policy
phrases with "our" or "you accept"): the sentence goes, and the line with it where nothing else is on it. And links:
lines that are nothing but link labels ("Previous Next", "Home > Rocks > Granite", "Home | About | Contact"), and runs
of short lines most of which are such labels. One label alone ("Search", "Home") stays, for it may be a heading or a
line of verse. Lines of more than 40 words are text that mentions a policy, and stay.

After C4's rules (Raffel et al. 2020, section 2.2), which drop every line that holds a policy phrase or "javascript".
"""

from __future__ import annotations

import re
from functools import cache

from data_tools.repairs.line_kinds import drop_lines, runs_over
from data_tools.repairs.rounds import until_done

MAX_WORDS, MAX_CHARACTERS = 40, 600
"""A longer line is text that mentions a policy (a filing's paragraph, a one-line document), and stays."""
MAX_POLICY_WORDS = 20
"""A longer sentence that names a policy may be about it."""
MAX_LABEL_CHARACTERS, MAX_LABEL_WORDS = 40, 4
MAX_LINKS_CHARACTERS = 200
MIN_LABELS = 3
MIN_LABEL_SHARE = 0.6
"""Least share of a run's lines, or of a line's parts, that are known link labels; the others are a menu's topics."""

_SITE = r"(?:our|your|you\w*|this (?:web ?)?(?:site|page))"
_PHRASES = (
    r"\bskip to (?:main )?(?:content|navigation)\b",
    r"\ball rights reserved\b",
    r"\b(?:sign up|subscribe|register|join)\b[^.]{0,40}\bnewsletter\b",
    r"^\W*follow us on\b",
    r"^\W*(?:share|print|e-?mail) this (?:page|article|post|story)\b",
    r"^\W*(?:please )?click here (?:to|for)\b",
    r"\baccept (?:all )?cookies\b",
    r"\bcookie settings\b",
    r"\b(?:we|site|website|page|blog) uses? (?:\w+ ){0,2}cookies\b",
    rf"\b{_SITE}\b[^.]{{0,60}}\buse of cookies\b",
    rf"\buse of cookies\b[^.]{{0,60}}\b{_SITE}\b",
    r"\b(?:please )?(?:enable|turn on) javascript\b",
    r"\bjavascript\b[^.]{0,60}\b(?:your browser|to (?:view|use|see) (?:this|the))\b",
)
_FURNITURE = re.compile("|".join(_PHRASES), re.IGNORECASE)
_POLICY = re.compile(r"\b(?:terms of use|terms of service|privacy policy|cookie policy)\b", re.IGNORECASE)
_ADDRESSED = re.compile(
    r"\b(?:accept|agree|consent|read|see|view|learn|click|subject to|by (?:using|continuing|reading|visiting))\b"
    r".*\b(?:our|us|this (?:web ?)?(?:site|page))\b",
    re.IGNORECASE,
)
_NOTICE = re.compile(r"\W*(?:©|\(c\)|copyright)", re.IGNORECASE)
# One of these is in every text that holds one of the phrases above; they are in lower case.
_TRIGGERS = (
    "cookie", "javascript", "rights reserved", "skip to", "newsletter", "follow us", "click here", "privacy policy",
    "terms of use", "terms of service", "this page", "this article", "this post", "this story",
)  # fmt: skip
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+")
_SEPARATOR = re.compile(r"[|•·»›>]|::| / ")
_BREADCRUMB = re.compile(r"\s*(?:you are here:?\s*)?home\s*[>»›]", re.IGNORECASE)
_BUTTON = re.compile(
    r"(?:share|tweet|pin|post|e-?mail|print|like|follow|save)"
    r"(?: (?:this|it|us|me|on|via|to|with|by|page|article|post))*"
    r" (?:facebook|twitter|linkedin|instagram|youtube|pinterest|whatsapp|reddit|e-?mail|page|article|post|a friend)",
    re.IGNORECASE,
)
_LABELS = (
    "home|about|about us|contact|contact us|menu|main menu|navigation|search|login|log in|log out|sign in|sign up|"
    "register|subscribe|newsletter|faq|faqs|sitemap|site map|privacy policy|terms of use|terms of service|"
    "terms and conditions|cookies|cookie policy|blog|cart|my account|checkout|tweet|pin it|facebook|twitter|linkedin|"
    "instagram|youtube|pinterest|whatsapp|reddit|google+|rss|rss feed|prev|back to top|read more|learn more|"
    "leave a comment|leave a reply|archives|related posts|related articles|recent posts|recent comments|advertise|"
    "advertise with us|disclaimer|accessibility|view all|show more|load more|see all|follow us|skip to content|"
    "skip to main content|feedback|our team|our services|get started|toggle navigation|imprint|cookie settings"
)
_ORDINARY = (
    "products|services|news|events|press|media|legal|terms|support|jobs|careers|top|more|back|email|e-mail|print|store|"
    "shop|account|community|forum|gallery|help|download|downloads|categories|tags|reply|share|next|previous|comments|"
    "close|privacy"
)
"""Labels that are headings, entries of tables or verse as well: a run of these alone is none of a site's."""
_ALONE = {"skip to content", "skip to main content", "back to top", "toggle navigation", "cookie settings"}
_TURNING = {"previous", "prev", "next", "home", "menu", "login", "share", "tweet", "print", "facebook", "twitter"}
_BUTTONS = {"share", "tweet", "pin", "post", "email", "e-mail", "print", "like", "follow", "save", "skip", "back"}


@cache
def _labels() -> tuple[frozenset[str], frozenset[str], frozenset[str]]:
    """Return all link labels; those that are ordinary words; and what a line of links begins with."""
    ordinary = frozenset(_ORDINARY.split("|"))
    labels = frozenset(_LABELS.split("|")) | ordinary
    return labels, ordinary, frozenset(label.partition(" ")[0] for label in labels | _BUTTONS)


@until_done
def remove_site_furniture(text: str) -> tuple[str, int]:
    """Remove web furniture; return the text and how many lines and sentences went."""
    lines = text.split("\n")
    gone, num_sentences = _cut_phrases(text, lines)
    known, _, _ = _labels()
    labels = {
        number for number, line in enumerate(lines) if 0 < len(line) <= MAX_LABEL_CHARACTERS and _label(line) in known
    }
    gone |= {number for number, line in enumerate(lines) if line and _is_links(line)}
    if len(labels) >= MIN_LABELS:
        gone |= _menus(lines, labels)
    if gone:
        gone |= _next_to(lines, gone, labels)
    if not gone and not num_sentences:
        return text, 0
    return drop_lines(lines, gone), len(gone) + num_sentences


def _cut_phrases(text: str, lines: list[str]) -> tuple[set[int], int]:
    """Cut sentences out of ``lines``; return the lines of which nothing is left, and how many other sentences went."""
    lower = text.lower()
    triggers = [trigger for trigger in _TRIGGERS if trigger in lower]
    gone: set[int] = set()
    num_sentences = 0
    for number, line in enumerate(lines if triggers else ()):
        lower = line.lower()
        if not any(map(lower.__contains__, triggers)) or not _is_short(line) or _is_inside(lines, number):
            continue
        sentences = _SENTENCE_END.split(line.strip())
        is_notice = _NOTICE.match(line) and "rights reserved" in lower
        kept = [] if is_notice else [sentence for sentence in sentences if not _is_furniture(sentence)]
        if not kept:
            gone.add(number)
        elif len(kept) < len(sentences):
            lines[number] = " ".join(kept)
            num_sentences += len(sentences) - len(kept)
    return gone, num_sentences


def _next_to(lines: list[str], gone: set[int], labels: set[int]) -> set[int]:
    """Return the lines of one label each that follow what has gone, or come before it, up or down the text."""
    found: set[int] = set()
    for order in (range(len(lines)), range(len(lines) - 1, -1, -1)):
        beside = False
        for number in order:
            if lines[number]:
                beside = number in gone or (beside and number in labels)
                if beside:
                    found.add(number)
    return found


def _is_short(line: str) -> bool:
    return len(line) <= MAX_CHARACTERS and len(line.split()) <= MAX_WORDS


def _is_inside(lines: list[str], number: int) -> bool:
    """Is the line one of a hard-wrapped paragraph, in mid-sentence?"""
    before, line, after = lines[number - 1] if number else "", lines[number], "".join(lines[number + 1 : number + 2])
    return (bool(before) and runs_over(before, line)) or runs_over(line, after)


def _is_furniture(sentence: str) -> bool:
    """Does a site say this of itself?"""
    if _FURNITURE.search(sentence):
        return True
    if not _POLICY.search(sentence) or len(sentence.split()) > MAX_POLICY_WORDS:
        return False
    return bool(_ADDRESSED.search(sentence))


def _label(line: str) -> str:
    return line.strip(" \t-–—*•·»›«‹<>|[]()→←▸▾▼…:").casefold()


def _is_links(line: str) -> bool:
    """Is the line a row of links, breadcrumbs or a share button?"""
    if len(line) > MAX_LINKS_CHARACTERS or line[0] == "|":
        return False
    known, _, beginnings = _labels()
    if _SEPARATOR.search(line):
        parts = [part for part in map(_label, _SEPARATOR.split(line)) if part]
        longest = max((len(part.split()) for part in parts), default=0)
        if _BREADCRUMB.match(line):
            return longest <= MAX_LABEL_WORDS + 2
        if longest > MAX_LABEL_WORDS or (len(parts) < MIN_LABELS and not known.issuperset(parts)):
            return False
        return _are_links(parts)
    if len(line) > MAX_LABEL_CHARACTERS or line.partition(" ")[0].casefold() not in beginnings:
        return False
    words = line.split()
    names = {word.casefold() for word in words}
    if len(words) > 1 and names <= known and not names.isdisjoint(_TURNING):
        return all(word[0].isupper() for word in words)
    return _label(line) in _ALONE or bool(_BUTTON.fullmatch(line))


def _are_links(parts: list[str]) -> bool:
    """Are most of the parts known labels, and one of them at least no ordinary word?"""
    known, ordinary, _ = _labels()
    found = [part for part in parts if part in known]
    return len(found) >= max(2, MIN_LABEL_SHARE * len(parts)) and not ordinary.issuperset(found)


def _menus(lines: list[str], labels: set[int]) -> set[int]:
    """Return the lines of runs of short lines most of which are labels, from the first label to the last."""
    found: set[int] = set()
    run: list[int] = []
    for number, line in enumerate([*lines, "A sentence ends the last run."]):
        if not line:
            continue
        if len(line) <= MAX_LABEL_CHARACTERS and len(line.split()) <= MAX_LABEL_WORDS and line[-1] not in ".!?;,":
            run.append(number)
            continue
        while run and run[-1] not in labels:
            run.pop()
        first = next((place for place, number in enumerate(run) if number in labels), 0)
        run = run[first:]
        if len(labels.intersection(run)) >= MIN_LABELS and _are_links([_label(lines[number]) for number in run]):
            found.update(run)
        run = []
    return found
