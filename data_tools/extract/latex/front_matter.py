r"""LaTeX commands that say what a document is: its class and packages, title, authors, date, language, licence.

What they are given is kept as source; ``latex.facts`` reads it when all of the document's own commands are known.
"""

from __future__ import annotations

import re

from data_tools.extract.latex.names import LANGUAGES, each
from data_tools.extract.latex.reader import Handler, Reader, typeset

_PDF_OPTION = re.compile(r"(pdflicenseurl|pdftitle)\s*=\s*\{((?:[^{}]|\{[^{}]*\})*)\}")
_GERMAN = re.compile(r"\"([aouAOUsSzZ`'<>=~|\"-]|ck|ff)")
_GERMAN_SIGNS = {
    "a": "ä", "o": "ö", "u": "ü", "A": "Ä", "O": "Ö", "U": "Ü", "s": "ß", "z": "ß", "S": "SS", "Z": "SZ",
    "`": "„", "'": "“", "<": "«", ">": "»", "=": "-", "~": "-", "-": "", "|": "", '"': "", "ck": "ck",
    "ff": "ff",
}  # fmt: skip
"""What the package babel makes of a sign after a straight quotation mark in German."""


def _title(reader: Reader, name: str) -> None:
    reader.option()
    if reader.next_is("{"):
        reader.facts.titles.append(reader.argument())
    else:
        reader.facts.titles.append(reader.up_to(r"\endtitle"))


def _author(reader: Reader, name: str) -> None:
    reader.option()
    if not reader.next_is("{"):
        reader.facts.authors.append(reader.up_to(r"\endauthor"))
        return
    names = reader.argument()
    if name == "Author" and reader.stands_next("{"):
        names = f"{names} {reader.argument()}"
    reader.facts.authors.append(names)


def _date(reader: Reader, name: str) -> None:
    reader.option()
    reader.facts.dates.append(reader.argument())


def _language(reader: Reader, name: str) -> None:
    reader.option()
    reader.facts.languages.append(reader.argument())


def _package(reader: Reader, name: str) -> None:
    options = reader.option() or ""
    package = reader.argument()
    if name in ("documentclass", "documentstyle"):
        reader.class_options = options
        reader.preamble = reader.preamble or not reader.began
    elif "babel" in package.replace(" ", "").split(","):
        named = [option.strip() for option in f"{reader.class_options},{options}".split(",")]
        reader.facts.languages += [option for option in named if option in LANGUAGES]
        reader.facts.languages += re.findall(r"main\s*=\s*(\w+)", options)
        main = reader.facts.languages[-1] if reader.facts.languages else ""
        reader.typeset = _typeset_german if LANGUAGES.get(main, "").startswith("de") else typeset
    elif package.strip() == "doclicense":
        reader.facts.licenses.append(options)


def _pdf_setup(reader: Reader, name: str) -> None:
    for option, value in _PDF_OPTION.findall(reader.argument()):
        (reader.facts.pdf_titles if option == "pdftitle" else reader.facts.licenses).append(value)


def _typeset_german(text: str) -> str:
    if '"' in text:
        text = _GERMAN.sub(lambda match: _GERMAN_SIGNS[match[1]], text)
    return typeset(text)


def _doclicense(reader: Reader, name: str) -> None:
    reader.facts.licenses.append(reader.argument())


def _bibliography(reader: Reader, name: str) -> None:
    reader.option()
    reader.facts.bibliographies += reader.argument().split(",")


HANDLERS: dict[str, Handler] = {
    **each("title Title icmltitle titre", _title),
    **each("author Author authors Authors IEEEauthorblockN", _author),
    **each("date Date", _date),
    **each("setdefaultlanguage setmainlanguage", _language),
    **each("usepackage RequirePackage documentclass documentstyle", _package),
    "hypersetup": _pdf_setup,
    "doclicenseSetup": _doclicense,
    **each("bibliography addbibresource", _bibliography),
}
