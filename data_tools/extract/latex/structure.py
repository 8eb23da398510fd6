r"""The structure of a LaTeX document's text: headings, paragraphs, environments, lists, theorems, algorithms."""

from __future__ import annotations

import re

from data_tools.extract.latex import tables
from data_tools.extract.latex.definitions import begin_own_environment, end_own_environment
from data_tools.extract.latex.formulas import open_formula
from data_tools.extract.latex.labels import Target
from data_tools.extract.latex.names import (
    ABSTRACTS,
    ENVIRONMENT_ARGUMENTS,
    FORMULA_ARGUMENTS,
    FORMULAS,
    HEADINGS,
    NAMED_HEADINGS,
    THEOREMS,
    each,
)
from data_tools.extract.latex.reader import LINES_GROUP, Handler, ItemList, Reader, Sink
from data_tools.extract.latex.source import AS_IT_IS, NEW_LINE, PARAGRAPH

_NUMBERED = ("part", "chapter", "section", "subsection", "subsubsection")
_LISTS = {
    **each("itemize compactitem asparaitem list trivlist dinglist easylist outline noindlist", "itemize"),
    **each("enumerate compactenum asparaenum", "enumerate"),
    **each("description compactdesc labeling", "description"),
    **each("inparaenum inparaitem enumerate* itemize* inparablank", "inline"),
}
_MAX_LISTS = 8
_ALGORITHM_WORDS = {
    "For": "for ", "ForEach": "for each ", "ForAll": "for all ", "While": "while ", "If": "if ", "ElseIf": "else if ",
    "ElsIf": "else if ", "Else": "else ", "uIf": "if ", "uElseIf": "else if ", "uElse": "else ", "eIf": "if ",
    "lIf": "if ", "lElse": "else ", "lFor": "for ", "Repeat": "repeat ", "Until": "until ", "Loop": "loop ",
    "EndFor": "end for", "EndWhile": "end while", "EndIf": "end if", "EndLoop": "end loop",
    "EndFunction": "end function", "EndProcedure": "end procedure", "Function": "function ",
    "Procedure": "procedure ", "State": "", "Statex": "",
    "Return": "return ", "KwRet": "return ", "Require": "Require: ", "Ensure": "Ensure: ", "Input": "Input: ",
    "Output": "Output: ", "KwIn": "Input: ", "KwOut": "Output: ", "KwData": "Data: ", "KwResult": "Result: ",
    "Comment": "// ", "tcp": "// ", "tcc": "// ", "Switch": "switch ", "Case": "case ",
}  # fmt: skip
_ALGORITHM_WORDS |= {word.upper(): text for word, text in _ALGORITHM_WORDS.items()}
_INLINE_WORDS = {"KwTo": " to ", "TO": " to ", "Call": "call ", "AND": " and ", "OR": " or ", "TRUE": "true",
                 "FALSE": "false", "NOT": "not "}  # fmt: skip
_BIBLIOGRAPHY_END = re.compile(
    r"(\\end\s*\{thebibliography\})|\\(?:chapter|section|appendix)(?![A-Za-z])|\\end\s*\{document\}"
)
_KEYWORDS = ("keywords", "keyword", "IEEEkeywords", "kwd", "Keywords", "keywords*")


def _paragraph(reader: Reader, name: str) -> None:
    if any(scope.short for scope in reader.scopes[-10:]):
        reader.files.note("unbalanced braces")
        while any(scope.short for scope in reader.scopes[-10:]):
            reader.pop()
    if reader.float is not None and reader.float.kind == "algorithm":
        reader.sink.line.append(NEW_LINE)
    else:
        reader.sink.flush()


def _heading(reader: Reader, name: str) -> None:
    star = reader.take("*") or name.startswith("add") or name.startswith("frame")
    reader.option()
    if name in _NUMBERED:
        reader.close_collected()
    labels = reader.labels
    labels.has_chapters = labels.has_chapters or name == "chapter"
    level = HEADINGS[name] + (labels.has_chapters and name not in ("part", "chapter", "addchap", "addpart"))
    target = Target("heading")
    if name in _NUMBERED and not star:
        kind = "appendix" if labels.in_appendix and name in ("chapter", "section") else name
        target = Target(kind, labels.step(name))
    labels.current = target

    def close(text: str) -> None:
        labels.current = Target(target.kind, target.number, text)
        reader.block(reader.markup.heading(level, text) if text else "")

    if name in ("head", "subhead") and not reader.next_is("{"):
        close(reader.fragment(reader.up_to(rf"\end{name}")))
    else:
        reader.collect_argument(close, short=True)


def _named_heading(reader: Reader, name: str) -> None:
    """A heading that the journal's class writes; what the command is given, if anything, is the text below it."""
    given = reader.option()
    text = reader.fragment(given) if given else NAMED_HEADINGS[name]
    reader.block(reader.markup.heading(2, text))


def _abstract(reader: Reader, name: str) -> None:
    if reader.preamble:
        if reader.next_is("{"):
            reader.deferred.append(rf"\{name}{{{reader.argument()}}}")
        return
    reader.block(reader.markup.heading(2, ABSTRACTS[name]))
    if reader.take("{"):
        reader.open("argument", close=lambda sink: sink.flush())


def _appendix(reader: Reader, name: str) -> None:
    reader.sink.flush()
    reader.labels.begin_appendix()


def _keywords(reader: Reader, name: str) -> None:
    def close(text: str) -> None:
        text = text.strip(" ,;")
        reader.block(f"Keywords: {text}" if text else "")

    if reader.preamble:
        reader.deferred.append(rf"\{name}{{{reader.argument()}}}")
    else:
        reader.collect_argument(close)


def _begin_keywords(reader: Reader, name: str) -> None:
    reader.drop("o")
    reader.sink.flush()

    def close(sink: Sink) -> None:
        text = sink.text().strip(" ,;") if sink is not reader.sink else ""
        reader.block(f"Keywords: {text}" if text else "")

    reader.open("environment", name, close, collect=reader.may_collect())


def _begin(reader: Reader, name: str) -> None:
    environment = reader.argument().strip()
    if environment in reader.environments:
        begin_own_environment(reader, environment)
    elif handler := ENVIRONMENTS.get(environment):
        handler(reader, environment)
    elif environment in FORMULAS:
        reader.drop(FORMULA_ARGUMENTS.get(environment, ""))
        open_formula(reader, environment, display=environment != "math")
    elif environment in reader.theorems or environment.rstrip("*") in THEOREMS:
        _begin_theorem(reader, environment)
    else:
        reader.drop(ENVIRONMENT_ARGUMENTS.get(environment, "o"))
        reader.sink.flush()
        reader.open("environment", environment, lambda sink: sink.flush())


def _end(reader: Reader, name: str) -> None:
    environment = reader.argument().strip()
    if environment == "document":
        reader.stop()
    elif environment in reader.environments:
        end_own_environment(reader, environment)
    else:
        reader.end_environment(environment.lstrip(AS_IT_IS))


def _begin_document(reader: Reader, name: str) -> None:
    if reader.began:
        return
    reader.preamble, reader.began = False, True
    reader.scopes, reader.opened, reader.sink, reader.num_sinks = [], {}, Sink(), 0
    reader.formula = reader.grid = reader.float = None
    reader.lists.clear()
    reader.labels.reset()
    for source in reversed(reader.deferred):
        reader.push(source)


def _begin_abstract(reader: Reader, name: str) -> None:
    reader.drop("o")
    reader.block(reader.markup.heading(2, ABSTRACTS[name]))
    reader.open("environment", name, lambda sink: sink.flush())


def _begin_named(reader: Reader, name: str) -> None:
    reader.drop("o")
    reader.block(reader.markup.heading(2, NAMED_HEADINGS[name]))
    reader.open("environment", name, lambda sink: sink.flush())


def _begin_appendices(reader: Reader, name: str) -> None:
    _appendix(reader, name)
    reader.open("environment", name)


def _begin_theorem(reader: Reader, name: str) -> None:
    reader.sink.flush()
    title, counter = reader.theorems.get(name) or (THEOREMS[name.rstrip("*")], "" if name.endswith("*") else name)
    note = reader.option()
    reader.open("environment", name, lambda sink: sink.flush())
    written = reader.fragment(title)
    if counter:
        number = reader.labels.step(counter)
        reader.labels.current = Target(written.lower(), number)
        written = f"{written} {number}"
    if note and not re.match(r"\s*(?:name|label|title)\s*=", note):
        written = f"{written} ({reader.fragment(note)})"
    reader.sink.line.append(f"{written}. " if written else "")


def _begin_proof(reader: Reader, name: str) -> None:
    reader.sink.flush()
    note = reader.option()
    reader.open("environment", name, lambda sink: sink.flush())
    written = reader.fragment(note) if note else "Proof"
    reader.sink.line.append(written.rstrip(".") + ". ")


def _proclaim(reader: Reader, name: str) -> None:
    """Plain TeX's and AMS-TeX's theorems and proofs: a title, then the text."""
    reader.sink.flush()
    title = reader.argument() if reader.next_is("{") else ""
    reader.sink.line.append(f"{reader.fragment(title).rstrip('.')}. " if title.strip() else "")


def _begin_frame(reader: Reader, name: str) -> None:
    reader.drop("doo")
    reader.sink.flush()
    reader.open("environment", name, lambda sink: sink.flush())
    if reader.next_is("{"):
        reader.collect_argument(lambda text: reader.block(reader.markup.heading(3, text) if text else ""), short=True)


def _begin_titled(reader: Reader, name: str) -> None:
    """A box with a title, such as beamer's ``block``."""
    reader.drop("d")
    reader.sink.flush()
    reader.open("environment", name, lambda sink: sink.flush())
    if reader.next_is("{"):
        reader.collect_argument(reader.block, short=True)


def _begin_bibliography(reader: Reader, name: str) -> None:
    frame = reader.frames[-1]
    end = _BIBLIOGRAPHY_END.search(frame.text, frame.pos)
    start = frame.pos
    frame.pos = end.end(1) if end and end[1] else end.start() if end else len(frame.text)
    reader.facts.references.append(frame.text[start : frame.pos])
    if not end or not end[1]:
        reader.files.note("missing end")


def _begin_subequations(reader: Reader, name: str) -> None:
    reader.drop("o")
    reader.open("environment", name, lambda sink: reader.labels.end_subequations())
    reader.labels.begin_subequations()


# lists


def _begin_list(reader: Reader, name: str) -> None:
    reader.drop(ENVIRONMENT_ARGUMENTS.get(name, "o"))
    kind = _LISTS[name]
    if len(reader.lists) >= _MAX_LISTS:
        kind = "inline"
    if kind != "inline":
        reader.sink.flush()
    items = ItemList(kind)
    reader.lists.append(items)

    def close(sink: Sink) -> None:
        reader.lists.pop()
        for item in items.items:
            reader.block(item)

    reader.open("environment", name, close)


def _item(reader: Reader, name: str) -> None:
    reader.drop("d")
    label = reader.option()
    if not reader.lists:
        reader.sink.flush()
        return
    items = reader.lists[-1]
    while reader.scopes and not (reader.scopes[-1].kind == "environment" and reader.scopes[-1].name in _LISTS):
        kind = reader.scopes[-1].kind
        if kind != "item":
            reader.files.note("missing end" if kind == "environment" else "unbalanced braces")
        reader.pop()
    items.number += 1
    written = reader.fragment(label) if label else ""
    if items.kind == "inline":
        reader.sink.line.append(f" {written or f'({items.number})'} ")
        reader.labels.current = Target("item", str(items.number))
        return
    number = items.number if items.kind == "enumerate" and not written else None

    def close(sink: Sink) -> None:
        if sink is reader.sink:
            return
        sink.flush()
        text = "\n".join(sink.blocks)
        if written:
            text = f"{written}{'' if written[-1] in '.:)-–—•*' else ':'} {text}"
        if text.strip():
            items.items.append(reader.markup.item(text, number=number))

    reader.open("item", close=close, collect=reader.may_collect())
    reader.labels.current = Target("item", written.strip("().") if label else str(items.number))


# algorithms


def _statement_end(reader: Reader, name: str) -> None:
    if reader.float is not None and reader.float.kind == "algorithm":
        reader.float.num_lines += 1
        reader.sink.line.append(NEW_LINE)
    else:
        reader.sink.line.append(" ")


def _algorithm_word(reader: Reader, name: str) -> None:
    if reader.float is None and not reader.opened.get("algorithmic"):
        reader.native("")
        return
    reader.sink.line.append(f"{NEW_LINE}{_ALGORITHM_WORDS[name]}")
    if reader.take("{"):
        if reader.float is not None:
            reader.float.num_lines += 1
        reader.scopes.append(LINES_GROUP)


def _algorithm_line_label(reader: Reader, name: str) -> None:
    label = reader.argument()
    if reader.float is not None:
        reader.labels.bind(label, Target("line", str(reader.float.num_lines + 1)))


def _inline_word(reader: Reader, name: str) -> None:
    reader.sink.line.append(_INLINE_WORDS[name] if reader.float or reader.opened.get("algorithmic") else " ")


ENVIRONMENTS: dict[str, Handler] = {
    **tables.ENVIRONMENTS,
    "document": _begin_document,
    **dict.fromkeys(ABSTRACTS, _begin_abstract),
    **dict.fromkeys(NAMED_HEADINGS, _begin_named),
    **dict.fromkeys(_KEYWORDS, _begin_keywords),
    "appendices": _begin_appendices,
    "subappendices": _begin_appendices,
    "proof": _begin_proof,
    "frame": _begin_frame,
    **each("block alertblock exampleblock", _begin_titled),
    "thebibliography": _begin_bibliography,
    "subequations": _begin_subequations,
    **dict.fromkeys(_LISTS, _begin_list),
}
HANDLERS: dict[str, Handler] = {
    **tables.HANDLERS,
    f"char {PARAGRAPH}": _paragraph,
    "par": _paragraph,
    "endgraf": _paragraph,
    **dict.fromkeys(HEADINGS, _heading),
    **dict.fromkeys(NAMED_HEADINGS, _named_heading),
    **dict.fromkeys(ABSTRACTS, _abstract),
    **dict.fromkeys(_KEYWORDS, _keywords),
    "appendix": _appendix,
    "begin": _begin,
    "end": _end,
    "item": _item,
    ";": _statement_end,
    **each("proclaim demo", _proclaim),
    **dict.fromkeys(_ALGORITHM_WORDS, _algorithm_word),
    **dict.fromkeys(_INLINE_WORDS, _inline_word),
    "nllabel": _algorithm_line_label,
}
