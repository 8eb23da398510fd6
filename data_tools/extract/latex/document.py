r"""LaTeX (.tex): a paper, thesis or set of slides as one text, its files put together and its own commands expanded.

Formulas stay LaTeX, tables become Markdown, a citation becomes the cited work's title, a reference a number; the list
of references is left out. Packages and classes are not read: ``latex.names`` says what the commands of the common
ones do; an unknown command goes and its argument stays. A file that another one includes is no document of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from data_tools.extract.latex.commands import HANDLERS as IN_TEXT
from data_tools.extract.latex.facts import Bibliography, authors_of, date_of, language_of, license_of, title_of
from data_tools.extract.latex.files import Files, is_main, main_of
from data_tools.extract.latex.formulas import HANDLERS as IN_FORMULAS
from data_tools.extract.latex.labels import resolved
from data_tools.extract.latex.reader import Reader
from data_tools.extract.latex.source import Stash, prepared
from data_tools.extract.markup import Markup, join_blocks, one_line
from data_tools.extract.records import Bad, Found, ReadOptions, Record, Unreadable

_TEXINFO = re.compile(r"\A\s*\\input\s+texinfo")
_PREAMBLE = re.compile(r"\\(?:documentclass|documentstyle)(?![A-Za-z])|\\begin\s*\{document\}")
_HEADING = re.compile(r"#+ ")
_REFERENCES = re.compile(
    r"#+ (?:references|bibliography|literature cited|literature|works cited|literatur(?:verzeichnis)?|références|"
    r"bibliographie|referencias|bibliografía|referências)\W*",
    re.IGNORECASE,
)
_SENTINELS = dict.fromkeys(range(9))


def read_latex(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record: the document of which ``path`` is the main file, or the text of a part that none includes."""
    files = Files(path, options)
    source = files.read_main()
    if _TEXINFO.match(source):
        raise Unreadable("not_latex", "is Texinfo, for which there is no reader", harmless=True)
    plain = prepared(source, Stash())
    main = is_main(plain)
    if not main and (whole := main_of(path, options)):
        yield Bad("part_of_document", f"is part of {whole.name}, with which it is read", harmless=True)
        return
    reader = _read(source, path, files, options, has_preamble=_PREAMBLE.search(plain) is not None)
    if reader.preamble:
        files = Files(path, options)
        files.read_main()
        files.note("missing begin")
        reader = _read(source, path, files, options, has_preamble=False)
    yield _record(reader, harmless=not main)


def _read(source: str, path: Path, files: Files, options: ReadOptions, has_preamble: bool) -> Reader:
    reader = Reader(files, Markup(options.marks), IN_TEXT, IN_FORMULAS)
    reader.preamble = has_preamble
    reader.include(source, path.resolve())
    reader.run()
    reader.close_all()
    reader.ended = True
    return reader


def _record(reader: Reader, harmless: bool) -> Record:
    bibliography = Bibliography(reader)
    places = reader.labels.places

    def write(number: int) -> str:
        place = places[number]
        return bibliography.written(place) if "cit" in place.command.lower() else reader.labels.written(place)

    body = [resolved(block, write) for block in reader.sink.blocks]
    body = _without_empty_headings([block for block in body if any(map(str.isalnum, block))])
    if not body:
        detail = "holds no text once its commands are taken away"
        raise Unreadable("empty", detail, harmless)
    title = resolved(title_of(reader, reader.facts.titles), write)
    text = join_blocks([reader.markup.heading(1, title) if title else "", *body]).translate(_SENTINELS)
    meta = {"authors": authors_of(reader), "num_references": bibliography.count(places)}
    return Record(
        text,
        date=date_of(reader),
        meta={name: value for name, value in meta.items() if value},
        repaired=tuple(reader.files.repaired),
        title=one_line((title or title_of(reader, reader.facts.pdf_titles)).translate(_SENTINELS)),
        language=language_of(reader),
        license=license_of(reader),
    )


def _without_empty_headings(blocks: list[str]) -> list[str]:
    """Return the blocks without headings of a list of references, and without headings at the end."""
    while blocks and _HEADING.match(blocks[-1]):
        blocks.pop()
    following = [*blocks[1:], ""]
    return [
        block
        for block, after in zip(blocks, following, strict=False)
        if not (_REFERENCES.fullmatch(block) and _HEADING.match(after))
    ]
