r"""LaTeX commands inside a line of text: letters and signs, notes, addresses, references, abbreviations."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from data_tools.extract.latex import front_matter, structure
from data_tools.extract.latex.definitions import HANDLERS as DEFINITIONS
from data_tools.extract.latex.definitions import condition
from data_tools.extract.latex.formulas import QUANTITIES, open_formula, written_quantity
from data_tools.extract.latex.names import (
    ACCENTS,
    DROPPED,
    DROPPED_AS_ASSIGNMENT,
    SYMBOLS,
    WORDS,
    each,
    names,
)
from data_tools.extract.latex.reader import SPACED_GROUP, Handler, Reader
from data_tools.extract.markup import one_line, subscript, superscript

_LENGTH = (
    r"[-+]?(?:\d+(?:[.,]\d*)?|[.,]\d+)\s*(?:true\s*)?(?:pt|mm|cm|in|ex|em|bp|pc|dd|cc|sp|mu|fil{1,3})?(?![a-z])"
    r"|[-+]?[\d.]*\\[A-Za-z@]+"
)
_ASSIGNED = re.compile(rf"\s*=?\s*(?:{_LENGTH})(?:\s*(?:plus|minus)\s*(?:{_LENGTH}))*", re.IGNORECASE)
_TECHNICAL = re.compile(
    r"\s*(?:-?[\d.]+\s*(?:pt|mm|cm|in|ex|em|bp|pc|\\[a-z]+)"
    r"|(?:[A-Za-z@ -]{2,30},\s*){0,4}[a-z][A-Za-z@ -]{2,30}=[^=].*)\s*",
    re.DOTALL,
)
"""An argument that is a length, or options."""
_ENTRY_NAME = re.compile(r"\bname\s*=\s*\{?((?:[^{},]|\{[^{}]*\})*)")
_ESCAPED = re.compile(r"\\([%#_&{}~$^ ])(?:\{\})?")
_LETTER = re.compile(r"\s*(?:\\([ij])(?![A-Za-z])\s*|\{?\\([ij])\s*\}?|([^\W\d_]))\s*")
_WITHOUT_DOT = {"ı": "i", "ȷ": "j"}
_AFTER_SPACE_MAKER = re.compile(r"[\w(\\$“‘`&]")
_CITATIONS = names(
    "cite citep citet citealt citealp Cite Citep Citet Citealt Citealp parencite Parencite textcite Textcite autocite "
    "Autocite footcite smartcite supercite fullcite footfullcite citeauthor Citeauthor citefullauthor citeyear "
    "citeyearpar citedate citetitle citenum onlinecite citeN citeNP shortcite shortciteA citeA citeNoun pcite tcite "
    "citeasnoun bibentry"
)
_CITATION_LISTS = names("cites parencites textcites autocites footcites Parencites Textcites Autocites")
_REFERENCES = names(
    "ref eqref pageref cref Cref autoref nameref vref Vref vpageref cpageref labelcref fullref subref crefrange "
    "Crefrange titleref zcref namecref nameCref"
)


@lru_cache(maxsize=1)
def _symbols() -> dict[str, str]:
    r"""Return the signs and letters that commands stand for, from pylatexenc's table of some 800.

    Its ``\today`` is left out: it is the day on which the text is read.
    """
    from pylatexenc.latex2text import get_default_latex_context_db

    found = {
        spec.macroname: spec.simplify_repl
        for spec in get_default_latex_context_db().iter_macro_specs()
        if isinstance(spec.simplify_repl, str) and "%" not in spec.simplify_repl and spec.macroname.isalpha()
    }
    return {**found, **WORDS}


def _sign(reader: Reader, name: str) -> None:
    reader.sink.line.append(SYMBOLS[name])


def _unknown(reader: Reader, name: str) -> None:
    """A command of a package or class: it goes, what it is given stays unless it is plainly technical."""
    if name in reader.conditions:
        condition(reader, name)
        return
    if (symbol := _symbols().get(name)) is not None:
        reader.sink.line.append(symbol)
        return
    if reader.follows_directly():
        reader.option()
    reader.drop_overlay()
    frame = reader.frames[-1]
    if not frame.text.startswith("{", frame.pos):
        return
    end = frame.closing(frame.pos)
    if 0 <= end < frame.pos + 200 and _TECHNICAL.fullmatch(frame.text, frame.pos + 1, end):
        frame.pos = end + 1
    else:
        frame.pos += 1
        reader.scopes.append(SPACED_GROUP)


def _dropped(reader: Reader, name: str) -> None:
    reader.drop(DROPPED[name])


def _assignment(reader: Reader, name: str) -> None:
    frame = reader.frames[-1]
    if match := _ASSIGNED.match(frame.text, frame.pos):
        frame.pos = match.end()


def _accent(reader: Reader, name: str) -> None:
    source = reader.argument()
    if not source.strip():
        reader.sink.line.append(name if name in "~^" else "")
        return
    letter = _LETTER.fullmatch(source)
    text = letter[1] or letter[2] or letter[3] if letter else reader.fragment(source)
    text = _WITHOUT_DOT.get(text, text)
    reader.sink.line.append(unicodedata.normalize("NFC", text[:1] + ACCENTS[name]) + text[1:] if text else "")


def _space_if_needed(reader: Reader, name: str) -> None:
    r"""``\xspace``: a space, where a word follows."""
    if reader.skip_space() and _AFTER_SPACE_MAKER.match(reader.frames[-1].text, reader.frames[-1].pos):
        reader.sink.line.append(" ")


def _dollar(reader: Reader, name: str) -> None:
    frame = reader.frames[-1]
    display = frame.text.startswith("$", frame.pos)
    frame.pos += display
    open_formula(reader, "$$" if display else "$", display)


def _opening_sign(reader: Reader, name: str) -> None:
    open_formula(reader, ")" if name == "(" else "]", name == "[")


def _ensuremath(reader: Reader, name: str) -> None:
    if reader.take("{"):
        open_formula(reader, "}", display=False)


def _nothing(reader: Reader, name: str) -> None:
    """A command that leaves nothing."""


def _note(reader: Reader, name: str) -> None:
    reader.option()
    if reader.without_notes:
        reader.argument()
        return

    def close(text: str) -> None:
        if text:
            reader.sink.line.append(f" {reader.markup.note(text)}")

    reader.collect_argument(close)


def _raised(reader: Reader, name: str) -> None:
    write = superscript if "super" in name else subscript
    reader.collect_argument(lambda text: reader.sink.line.append(write(text)))


def _address(reader: Reader, name: str) -> None:
    source = reader.argument()
    written = _ESCAPED.sub(r"\1", source)
    if "\\" in written:
        written = reader.fragment(source).replace("–", "--").replace("’", "'")
    reader.sink.line.append(one_line(written))


def _typewriter(reader: Reader, name: str) -> None:
    """Text in which dashes and quotation marks are those that are written, where it holds no commands."""
    if not reader.next_is("{"):
        return
    frame = reader.frames[-1]
    end = frame.closing(frame.pos)
    source = frame.text[frame.pos + 1 : min(end, frame.pos + 500)] if end > 0 else "\\"
    written = _ESCAPED.sub(r"\1", source)
    if "\\" in written or "$" in source or "{" in source or len(source) != end - frame.pos - 1:
        return
    reader.sink.line.append(written.replace("~", " "))
    frame.pos = end + 1


def _quote(reader: Reader, name: str) -> None:
    reader.take("*")
    reader.collect_argument(lambda text: reader.sink.line.append(f"“{text}”"))


def _pdf_text(reader: Reader, name: str) -> None:
    first = reader.argument()
    reader.argument()
    reader.push(first)


def _quantity(reader: Reader, name: str) -> None:
    reader.sink.line.append(written_quantity(reader, name))


def _declare_unit(reader: Reader, name: str) -> None:
    reader.option()
    unit = reader.argument().strip().lstrip("\\")
    reader.units[unit] = reader.fragment(reader.argument())


def _label(reader: Reader, name: str) -> None:
    reader.labels.bind(reader.argument())


def _reference(reader: Reader, name: str) -> None:
    reader.take("*")
    keys = reader.argument()
    if name in ("crefrange", "Crefrange"):
        keys = f"{keys},{reader.argument()}"
    reader.write(reader.labels.place(name, keys))


def _hyperref(reader: Reader, name: str) -> None:
    if reader.option() is None:
        reader.drop("mmm")


def _citation(reader: Reader, name: str) -> None:
    reader.take("*")
    if name in _CITATION_LISTS:
        reader.drop("pp")
    reader.drop("oo")
    keys = [reader.argument()]
    while name in _CITATION_LISTS and reader.stands_next("[{"):
        reader.drop("oo")
        keys.append(reader.argument())
    reader.sink.line.append(reader.labels.place(name, ",".join(keys)))


def _new_acronym(reader: Reader, name: str) -> None:
    """An abbreviation that the packages glossaries or acronym are told."""
    if name == "newglossaryentry":
        key, options = reader.argument(), reader.argument()
        entry = _ENTRY_NAME.search(options)
        reader.acronyms[key.strip()] = (entry[1] if entry else key, "")
        return
    given = reader.option()
    key = reader.argument()
    short = given or key
    if name == "newacronym":
        short = reader.argument()
    elif name != "newacro":
        short = reader.option() or key
    reader.acronyms[key.strip()] = (short, reader.argument())


def _acronym(reader: Reader, name: str) -> None:
    """An abbreviation, spelt out where it comes first."""
    reader.take("*")
    reader.option()
    key = reader.argument().strip()
    short, long = reader.acronyms.get(key, (key, ""))
    plural = "s" if name in ("glspl", "Glspl", "acp", "acrshortpl") else ""
    if name in ("acl", "acrlong", "glsentrylong"):
        short, long = long or short, ""
    elif key in reader.spelt_out or name in ("acs", "acrshort", "acrshortpl", "glsentryshort", "glsentryname"):
        long = ""
    else:
        reader.spelt_out.add(key)
    reader.push(f"{long}{plural} ({short}{plural})" if long else f"{short}{plural}")


def _run_in(reader: Reader, name: str) -> None:
    """A line of its own: plain TeX's ``\\centerline``, a subtitle, a part's title in a box."""
    reader.sink.flush()
    reader.collect_argument(reader.block)


def _bye(reader: Reader, name: str) -> None:
    reader.stop()


def _comma(reader: Reader, name: str) -> None:
    reader.sink.line.append(", ")


HANDLERS: dict[str, Handler] = {
    **DEFINITIONS,
    **dict.fromkeys(DROPPED, _dropped),
    **dict.fromkeys(DROPPED_AS_ASSIGNMENT, _assignment),
    **dict.fromkeys(SYMBOLS, _sign),
    **dict.fromkeys(ACCENTS, _accent),
    **structure.HANDLERS,
    **front_matter.HANDLERS,
    "": _unknown,
    "char $": _dollar,
    "char #": _nothing,
    "char \\": _nothing,
    "(": _opening_sign,
    "[": _opening_sign,
    ")": _nothing,
    "]": _nothing,
    "ensuremath": _ensuremath,
    "xspace": _space_if_needed,
    **each("footnote footnotetext endnote sidenote tablefootnote blfootnote", _note),
    **each("textsuperscript textsubscript", _raised),
    **each("url path nolinkurl doi", _address),
    "texttt": _typewriter,
    **each("enquote textquote blockquote", _quote),
    "texorpdfstring": _pdf_text,
    **dict.fromkeys(QUANTITIES, _quantity),
    "DeclareSIUnit": _declare_unit,
    "label": _label,
    **dict.fromkeys(_REFERENCES, _reference),
    "hyperref": _hyperref,
    **dict.fromkeys(_CITATIONS | _CITATION_LISTS, _citation),
    **each("newacronym newglossaryentry acrodef newacro acro DeclareAcronym", _new_acronym),
    **each(
        "gls Gls glspl Glspl ac Ac acs acl acf acp acrshort acrlong acrshortpl glsentryshort glsentrylong glsentryname",
        _acronym,
    ),
    **each("centerline subtitle", _run_in),
    "bye": _bye,
    "sep": _comma,
}
