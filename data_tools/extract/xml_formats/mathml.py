r"""Formulas: presentation MathML to LaTeX, and the LaTeX that a document carries taken out of its wrapping.

After MathML Core (W3C) and the presentation elements of MathML 3, chapter 3. The LaTeX is for reading: fences do not
stretch, spacing and styles that change no meaning go. A LaTeX annotation is preferred to the MathML it annotates.
Left out: content MathML (``apply``, ``ci``), of which only the characters are kept, and elementary-school layouts
(``mstack``, ``mlongdiv``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from data_tools.extract.markup import one_line
from data_tools.extract.xml_formats.mathml_symbols import (
    ACCENTS,
    ALPHABETS,
    FUNCTIONS,
    UNDERS,
    WIDE_ACCENTS,
    command_of,
)

if TYPE_CHECKING:
    from lxml.etree import _Element

_TEX_ENCODINGS = ("application/x-tex", "tex", "latex", "application/x-latex")
_COMMAND_END = re.compile(r"\\[A-Za-z]+\Z")
_NEEDS_NO_BRACES = re.compile(r"\\?\w|\d+(?:\.\d+)?|\\[A-Za-z]+|\\(?:math\w+|boldsymbol|text)\{[^{}]*\}|.*[)\]|]|\W")
"""What may carry a script as it stands."""
_LIMITS = re.compile(r"\\(?:sum|prod|coprod|int|iint|iiint|oint|big\w+|lim|liminf|limsup|max|min|sup|inf|det|gcd|Pr)")
_TEXT_ESCAPES = str.maketrans({sign: f"\\{sign}" for sign in "%#&$_{}"})
_DOCUMENT = re.compile(r"\\begin\{document\}(.*?)(?:\\end\{document\}|\Z)", re.DOTALL)
_PREAMBLE = re.compile(
    r"\\(?:documentclass|usepackage)\b(?:\[[^\]]{0,200}\])?\{[^}]{0,200}\}|\\setlength\{[^}]{0,99}\}\{[^}]{0,99}\}"
    r"|\\label\{[^}]{0,200}\}|\\(?:nonumber|notag)\b|(?<!\\)%[^\n]*(?:\n|\Z)"
)
"""Commands of a document around the formula, labels and comments."""
_SHELLS = (
    re.compile(r"\$\$(.*)\$\$", re.DOTALL),
    re.compile(r"\$([^$]*)\$", re.DOTALL),
    re.compile(r"\\\[(.*)\\\]", re.DOTALL),
    re.compile(r"\\\((.*)\\\)", re.DOTALL),
    re.compile(r"\\begin\{(?P<name>equation\*?|displaymath|math)\}(.*)\\end\{(?P=name)\}", re.DOTALL),
)
_ALIGNED = re.compile(r"\\(begin|end)\{(?:align|eqnarray|flalign|gather|multline)\*?\}")


def latex_of(math: _Element) -> str:
    """Return a ``math`` element (names without namespace) as LaTeX, without dollar signs; empty where it is empty."""
    for annotation in math.iter("annotation"):
        if annotation.get("encoding", "").lower() in _TEX_ENCODINGS and (annotation.text or "").strip():
            return unwrapped_tex(annotation.text or "")
    return one_line(_row(math))


def unwrapped_tex(source: str) -> str:
    r"""Return the formula that a LaTeX document or ``$$...$$`` holds, fit to stand between dollar signs."""
    document = _DOCUMENT.search(source)
    tex = _PREAMBLE.sub("", document[1] if document else source).strip()
    for shell in (*_SHELLS, *_SHELLS):
        if found := shell.fullmatch(tex):
            tex = found[found.lastindex or 1].strip()
    return one_line(_ALIGNED.sub(r"\\\1{aligned}", tex))


def joined(pieces: Sequence[str]) -> str:
    r"""Return pieces of LaTeX in a row; a space parts a command from a letter after it (``\alpha x``)."""
    written = ""
    for piece in pieces:
        if piece and written and piece[0].isalpha() and _COMMAND_END.search(written[-40:]):
            written += " "
        written += piece
    return written


def _latex(element: _Element) -> str:
    write = _WRITERS.get(element.tag)  # type: ignore[call-overload]
    return write(element) if write else _row(element)


def _parts(element: _Element) -> list[str]:
    return [_latex(child) for child in element]


def _row(element: _Element) -> str:
    cases = _cases(element)
    if cases:
        return cases
    return joined([_characters(element.text or ""), *_parts(element)])


def _cases(row: _Element) -> str:
    """Return a brace before a table as LaTeX's cases; empty where the row is something else."""
    if len(row) < 2 or row[-1].tag != "mtable" or row[-2].tag != "mo" or (row[-2].text or "").strip() != "{":
        return ""
    before = [_latex(child) for child in row[:-2]]
    return joined([*before, f"\\begin{{cases}} {_table_rows(row[-1])} \\end{{cases}}"])


def _characters(text: str) -> str:
    return joined([command_of(character) for character in text.strip()])


def _arguments(element: _Element, count: int) -> list[str]:
    """Return the children's LaTeX, filled up with empty ones: broken markup must not end a document."""
    parts = _parts(element)
    return (parts + [""] * count)[:count]


def _identifier(element: _Element) -> str:
    """Return a name: one letter is italic by itself, a longer name upright, unless ``mathvariant`` says otherwise."""
    text = one_line("".join(map(str, element.itertext())))
    if len(text) > 1 and text in FUNCTIONS:
        return f"\\{text}"
    variant = element.get("mathvariant") or ("italic" if len(text) == 1 else "normal" if text.isalpha() else "")
    return _in_alphabet(_characters(text), variant, usual="italic" if len(text) == 1 else "")


def _number(element: _Element) -> str:
    return _in_alphabet(_characters(one_line(element.text or "")), element.get("mathvariant", ""), usual="normal")


def _in_alphabet(written: str, variant: str, usual: str) -> str:
    alphabet = ALPHABETS.get(variant, "")
    if not written or not alphabet or variant == usual:
        return written
    if written[0] == "\\":  # Greek: no alphabet has it, but for bold
        return f"\\boldsymbol{{{written}}}" if "bold" in variant else written
    return f"\\{alphabet}{{{written}}}"


def _operator(element: _Element) -> str:
    text = one_line(element.text or "")
    if len(text) > 1 and text.isalpha():
        return f"\\{text}" if text in FUNCTIONS else f"\\operatorname{{{text}}}"
    written = _characters(text)
    return f" {written} " if written in _SPACED or written.lstrip("\\") in _SPACED else written


_SPACED = frozenset(
    ("=", "<", ">", "leq", "geq", "leqslant", "geqslant", "ll", "gg", "neq", "equiv", "approx", "sim", "simeq", "cong",
     "propto", "pm", "times", "cdot", "div", "to", "in", "notin", "subset", "subseteq", "cup", "cap", "mid", "wedge",
     "vee", "Rightarrow", "Leftrightarrow", "rightleftharpoons", "leftarrow", "mapsto", "implies", "iff")
)  # fmt: skip
"""Signs with a space around them, as a person would write them."""


def _text(element: _Element) -> str:
    text = re.sub(r"\s+", " ", "".join(map(str, element.itertext())))
    if not text.strip():
        return " " if text else ""
    if len(text.strip()) == 1 and not text.strip().isalnum():
        return _characters(text)
    return f"\\text{{{text.translate(_TEXT_ESCAPES)}}}"


def _space(element: _Element) -> str:
    if element.get("linebreak") == "newline":
        return " \\\\ "
    return " \\quad " if re.match(r"[1-9]\d*(?:\.\d*)?e[mx]", element.get("width", "")) else " "


def _fraction(element: _Element) -> str:
    above, below = _arguments(element, 2)
    if re.match(r"0[a-z]*\Z|0?\.0", element.get("linethickness", "1")):
        return f"\\binom{{{above.strip()}}}{{{below.strip()}}}"
    return f"\\frac{{{above.strip()}}}{{{below.strip()}}}"


def _root(element: _Element) -> str:
    base, index = _arguments(element, 2)
    return f"\\sqrt[{index.strip()}]{{{base.strip()}}}"


def _square_root(element: _Element) -> str:
    return f"\\sqrt{{{_row(element).strip()}}}"


def _scripts(element: _Element) -> str:
    """Return ``msub``, ``msup`` and ``msubsup``."""
    base, first, second = _arguments(element, 3)
    return _script(base, above=first) if element.tag == "msup" else _script(base, first, second)


def _script(base: str, below: str = "", above: str = "") -> str:
    base, below, above = base.strip(), below.strip(), above.strip()
    if not _NEEDS_NO_BRACES.fullmatch(base):
        base = f"{{{base}}}"
    written = base + (f"_{{{below}}}" if below else "")
    if above and not above.strip("'"):
        return written + above
    return written + (f"^{{{above}}}" if above else "")


def _under_over(element: _Element) -> str:
    """Return ``munder``, ``mover`` and ``munderover``: an accent, limits of an operator, or something set over."""
    parts = _arguments(element, 3 if element.tag == "munderover" else 2)
    base = parts[0].strip()
    below = parts[1].strip() if element.tag != "mover" else ""
    above = parts[-1].strip() if element.tag != "munder" else ""
    if not (below and above):
        sign = "".join(map(str, element[-1].itertext())).strip() if len(element) else ""
        if accent := (ACCENTS if above else UNDERS).get(sign):
            wide = not _NEEDS_NO_BRACES.fullmatch(base)
            return f"\\{WIDE_ACCENTS.get(accent, accent) if wide else accent}{{{base}}}"
    if _LIMITS.match(base):
        return _script(base, below, above)
    if below:
        base = f"\\underset{{{below}}}{{{base}}}"
    return f"\\overset{{{above}}}{{{base}}}" if above else base


def _multi_scripts(element: _Element) -> str:
    """Return ``mmultiscripts``: pairs of scripts after the base, and before it those after ``mprescripts``."""
    sides: list[list[str]] = [[], []]
    side = 0
    for child in element[1:]:
        if child.tag == "mprescripts":
            side = 1
        else:
            sides[side].append(_latex(child))
    after, before = (["".join(scripts[0::2]), "".join(scripts[1::2])] for scripts in sides)
    base = _latex(element[0]) if len(element) else ""
    left = _script("", *before) if any(before) else ""
    return left + _script(base, *after)


def _fenced(element: _Element) -> str:
    marks = element.get("separators", ",").strip()
    pieces: list[str] = []
    for number, part in enumerate(_parts(element)):
        if number and marks:
            pieces.append(_characters(marks[min(number, len(marks)) - 1]))
        pieces.append(part.strip())
    return joined([_characters(element.get("open", "(")), *pieces, _characters(element.get("close", ")"))])


def _table_rows(table: _Element) -> str:
    rows = []
    for row in table:
        cells = row[1:] if row.tag == "mlabeledtr" else row
        rows.append(" & ".join(_latex(cell).strip() for cell in cells))
    return " \\\\ ".join(rows)


def _table(element: _Element) -> str:
    parent = element.getparent()
    alone = parent is None or (len(parent) == 1 and parent.tag in ("math", "mstyle", "semantics", "mrow"))
    name = "aligned" if alone else "matrix"
    return f"\\begin{{{name}}} {_table_rows(element)} \\end{{{name}}}"


def _enclosed(element: _Element) -> str:
    notation, inner = element.get("notation", ""), joined(_parts(element)).strip()
    if "box" in notation.split():
        return f"\\boxed{{{inner}}}"
    if "strike" in notation:
        return f"\\cancel{{{inner}}}"
    return f"\\sqrt{{{inner}}}" if "radical" in notation else inner


def _first(element: _Element) -> str:
    """Return ``semantics`` and ``maction``: the first child is what is shown."""
    return _latex(element[0]) if len(element) else ""


def _nothing(element: _Element) -> str:
    return ""


_WRITERS: dict[str, Callable[[_Element], str]] = {
    "mi": _identifier,
    "mn": _number,
    "mo": _operator,
    "mtext": _text,
    "ms": _text,
    "mspace": _space,
    "mfrac": _fraction,
    "msqrt": _square_root,
    "mroot": _root,
    "msub": _scripts,
    "msup": _scripts,
    "msubsup": _scripts,
    "munder": _under_over,
    "mover": _under_over,
    "munderover": _under_over,
    "mmultiscripts": _multi_scripts,
    "mfenced": _fenced,
    "mtable": _table,
    "menclose": _enclosed,
    "semantics": _first,
    "maction": _first,
    **dict.fromkeys(("mphantom", "none", "annotation", "annotation-xml"), _nothing),
}
