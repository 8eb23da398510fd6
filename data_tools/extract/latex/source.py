r"""A LaTeX source made ready for reading: comments gone, verbatim text put aside, blank lines marked.

This is what TeX's eyes do (The TeXbook, chapter 8), in one pass. A ``%`` inside a web address is an ordinary character
and so becomes ``\%``. Verbatim text is replaced by its number in a list, so that nothing in it is taken for a command.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from data_tools.extract.latex.names import names

PARAGRAPH = "\x01"
"""Stands for a blank line. None of these characters is white space to Python, and none is left of the source's own."""
VERBATIM = "\x02"
"""Stands on both sides of a number in ``Stash.kept``."""
PLACE = "\x03"
"""Stands on both sides of the number of a reference that is resolved at the end."""
GONE = "\x04"
"""Stands on both sides of what is known of a reference that leads nowhere."""
CITED = "\x05"
"""Stands on both sides of a citation in brackets, so that brackets around it are seen."""
AS_IT_IS = "\x06"
r"""Before an environment's name in ``\end``: end it, whatever the document says of its end."""
NEW_LINE = "\x07"
NO_VALUE = "\x08"
"""An optional argument that was not given."""

_CONTROLS = dict.fromkeys((*range(9), 11, *range(14, 32), 127)) | {12: "\n"}
_VERBATIM_ENVIRONMENTS = names(
    "verbatim Verbatim BVerbatim LVerbatim SaveVerbatim lstlisting minted alltt verbatimtab spverbatim "
    "Sinput Soutput CodeInput CodeOutput"
)
_DROPPED_ENVIRONMENTS = names(
    "comment filecontents CCSXML tikzpicture pgfpicture picture asy pspicture forest overpic axis circuitikz tikzcd "
    "luacode pycode xy"
)
"""Drawings, programs and comments, which hold no running text."""
_DECLARED = re.compile(
    r"\\(?:lstnewenvironment|DefineVerbatimEnvironment|newminted|(?P<comment>excludecomment))"
    r"(?:\[(?P<own>\w*)\])?\{(?P<name>\w+)\*?\}"
)
_NEXT = re.compile(
    r"\\(?:begin[ \t]*\{(?P<environment>[A-Za-z]+)\*?\}"
    r"|(?P<inline>verb|lstinline|mintinline|Verb)(?![A-Za-z])"
    r"|(?P<address>url|path|href|nolinkurl|doi)(?![A-Za-z])(?=[ \t]*\{)"
    r"|(?P<stop>endinput)(?![A-Za-z])"
    r"|[^A-Za-z])"
    r"|%[^\n]*(?:\n[ \t]*(?P<after_comment>\n\s*)?)?"
    r"|(?P<blank>\n[ \t]*\n\s*)",
    re.DOTALL,
)
_OPTIONS = re.compile(r"[ \t]*\[(?:[^\[\]{}]|\{(?:[^{}]|\{[^{}]{0,500}+\}){0,500}+\}|\[[^\[\]]{0,200}+\]){0,2000}+\]")
_CAPTION = re.compile(r"caption\s*=\s*(?:\{((?:[^{}]|\{[^{}]{0,500}+\}){0,1000}+)\}|([^,\]]{1,500}+))")
_LANGUAGE = re.compile(r"[ \t]*\{[^{}\n]{0,100}+\}")
_INLINE = re.compile(
    r"\*?(?:\[[^\]\n]{0,200}+\])?(?:\{[^{}\n]{0,40}+\}(?=[{|!+/]))?(?:\{([^{}\n]*+)\}|([^\sA-Za-z*{])([^\n]*?)\2)"
)
_ADDRESS = re.compile(r"[ \t]*\{((?:[^{}\n]|\{[^{}\n]{0,200}+\}|\n(?!\s*\n)){0,2000}+)\}")
_BARE_PERCENT = re.compile(r"(?<!\\)%")
_PARAMETER = re.compile(r"#\d")


@dataclass
class Stash:
    """Verbatim text put aside while a document's files are read."""

    kept: list[tuple[str, bool]] = field(default_factory=list)
    """Each text, and whether it is a block of its own."""
    verbatim: set[str] = field(default_factory=lambda: set(_VERBATIM_ENVIRONMENTS))
    """Environments read as they stand; those that the document itself declares are added."""
    dropped: set[str] = field(default_factory=lambda: set(_DROPPED_ENVIRONMENTS))

    def put(self, text: str, block: bool) -> str:
        """Keep ``text`` and return what stands for it in the source."""
        self.kept.append((text, block))
        return f"{VERBATIM}{len(self.kept) - 1}{VERBATIM}"

    def declare(self, source: str) -> None:
        """Note the environments that ``source`` declares to be verbatim or comments."""
        for match in _DECLARED.finditer(source):
            if match["comment"]:
                self.dropped.add(match["name"])
            else:
                self.verbatim.update({match["name"], match["own"] or f"{match['name']}code"})


def prepared(source: str, stash: Stash) -> str:
    """Return ``source`` without comments, with its verbatim text in ``stash`` and its blank lines as ``PARAGRAPH``."""
    source = source.translate(_CONTROLS)
    stash.declare(source)
    parts: list[str] = []
    pos = start = 0
    unended: set[str] = set()
    while match := _NEXT.search(source, pos):
        pos = match.end()
        if source[match.start()] == "%":
            found = PARAGRAPH if match["after_comment"] else ""
        elif match["blank"]:
            found = PARAGRAPH
        elif match["stop"]:
            parts.append(source[start : match.start()])
            return "".join(parts)
        elif written := _as_it_stands(source, match, stash, unended):
            found, pos = written
        else:
            continue
        parts += (source[start : match.start()], found)
        start = pos
    parts.append(source[start:])
    return "".join(parts)


def _as_it_stands(source: str, match: re.Match[str], stash: Stash, unended: set[str]) -> tuple[str, int] | None:
    """Return what stands for verbatim text or an address in the result, and its end; None where there is neither."""
    pos = match.end()
    if match["environment"]:
        return _environment(source, match, stash, unended)
    if match["inline"] and (inline := _INLINE.match(source, pos)):
        text = inline[1] if inline[1] is not None else inline[3]
        return text if _PARAMETER.search(text) else stash.put(text, block=False), inline.end()
    if match["address"] and (address := _ADDRESS.match(source, pos)):
        text = _BARE_PERCENT.sub(r"\\%", address[1])
        return f"\\{match['address']}{{{text}}}", address.end()
    return None


def _environment(source: str, match: re.Match[str], stash: Stash, unended: set[str]) -> tuple[str, int] | None:
    """Return what stands for a verbatim or dropped environment, and its end; None for any other."""
    name = match["environment"]
    verbatim = name in stash.verbatim
    if not verbatim and name not in stash.dropped:
        return None
    stop = match.group().replace("begin", "end", 1).replace(" ", "")
    if stop in unended:
        return None
    end = source.find(stop, match.end())
    if end < 0:
        unended.add(stop)
        return None
    after = end + len(stop)
    if not verbatim:
        return " ", after
    start, caption = match.end(), ""
    if "]" in source[start : start + 2000] and (options := _OPTIONS.match(source, start)):
        start = options.end()
        if given := _CAPTION.search(options.group()):
            caption = f"{PARAGRAPH}{given[1] or given[2]}{PARAGRAPH}"
    if name == "minted" and (language := _LANGUAGE.match(source, start)):
        start = language.end()
    return caption + stash.put(source[start:end].strip("\n"), block=True), after
