r"""LaTeX commands that mean the same in text and in formulas: definitions, conditions, files.

Of TeX's conditions those are decided that can be known without typesetting (``\iffalse``, ``\newif``, ``\ifx`` of two
commands, ``\ifnum`` of two numbers, the package etoolbox's); any other is taken to be false. No macro is run:
``\csname`` and ``\expandafter`` are only seen through.
"""

from __future__ import annotations

import re
from pathlib import Path

from data_tools.extract.latex.files import MAX_DEPTH
from data_tools.extract.latex.macros import Macro, Parameter, body_of, delimited, numbered, specified
from data_tools.extract.latex.names import FORMULAS, HEADINGS, TABULARS, TEXT_ENVIRONMENTS, each, names
from data_tools.extract.latex.reader import Handler, Reader
from data_tools.extract.latex.source import AS_IT_IS, NO_VALUE, PARAGRAPH
from data_tools.extract.markup import one_line

_KEPT_COMMANDS = frozenset(HEADINGS) | names(
    "begin end item caption label ref eqref cref Cref autoref pageref cite citet citep citealt citealp citeauthor "
    "citeyear parencite textcite autocite footnote input include import subfile title author date maketitle "
    "bibliography newcommand renewcommand def let usepackage documentclass left right frac over text mbox url href par "
    "bibitem newblock includegraphics if fi else ensuremath thanks today \\\\ "
)
"""Commands that a document cannot give another meaning: what it changes is how they look."""
_KEPT_ENVIRONMENTS = TEXT_ENVIRONMENTS | frozenset(FORMULAS) | frozenset(TABULARS)
CONDITIONS = names(
    "if ifx ifnum ifdim ifodd ifcase iftrue iffalse ifmmode ifvmode ifhmode ifinner ifdefined ifcsname ifcat ifeof "
    "ifvoid ifhbox ifvbox ifpdf ifPDFTeX ifpdftex ifluatex ifLuaTeX ifluatex ifxetex ifXeTeX if@twocolumn if@twoside "
    "if@compatibility iffontchar ifincsname"
)
_VERBS = ("New", "Renew", "Provide", "Declare")
_CHOICE = re.compile(r"\\(?:(if[A-Za-z@]*)|(else|or)(?![A-Za-z@])|(fi)(?![A-Za-z@]))")
_COMPARISON = re.compile(r"\s*([+-]?\d+|\\[A-Za-z@]+)\s*([<>=])\s*([+-]?\d+|\\[A-Za-z@]+)\s*")
_FILE_NAME = re.compile(r"\s*([^\s{}\\%\x01-\x08]{1,300})")
_NOT_READ = re.compile(r"\.(?:sty|cls|clo|def|cfg|bbx|cbx|lbx|pgf|tikz|eps|ps|pdf_tex|pstex_t|fd|dtx|ind|gls)\Z")
_NO_TEX = ("amstex", "amssym.def", "amssym", "epsf", "texinfo", "lanlmac", "harvmac", "mtexsis", "plain", "pictex")
"""Formats and macros of plain TeX, which every installation has."""


def define(reader: Reader, name: str, macro: Macro) -> None:
    """Let a command mean something from here on, unless it is one whose meaning is kept."""
    if name and name not in _KEPT_COMMANDS:
        reader.macros[name] = macro


def _name_of(argument: str) -> str:
    argument = argument.strip()
    return argument[1:].strip() if argument.startswith("\\") else ""


def _newcommand(reader: Reader, name: str) -> None:
    reader.take("*")
    target = _name_of(reader.argument())
    count = reader.option()
    default = reader.option() if count is not None else None
    body = body_of(reader.argument())
    if name != "providecommand" or not reader.knows(target):
        define(reader, target, Macro(numbered(count or "0", default), body))


def _document_command(reader: Reader, name: str) -> None:
    target = _name_of(reader.argument())
    parameters = specified(reader.argument())
    body = body_of(reader.argument())
    if not name.startswith("Provide") or not reader.knows(target):
        define(reader, target, Macro(parameters, body))


def _def(reader: Reader, name: str) -> None:
    if not reader.next_is("\\"):
        return
    target = _name_of(reader.argument())
    frame = reader.frames[-1]
    start = frame.text.find("{", frame.pos, frame.pos + 300)
    if start < 0 or PARAGRAPH in frame.text[frame.pos : start]:
        return
    parameters = delimited(frame.text[frame.pos : start])
    frame.pos = start
    define(reader, target, Macro(parameters, body_of(reader.argument())))


def _let(reader: Reader, name: str) -> None:
    target = _name_of(reader.argument())
    reader.take("=")
    if not reader.skip_space():
        return
    frame = reader.frames[-1]
    if frame.text[frame.pos] in "{}":
        frame.pos += 1
        return
    source = reader.argument()
    other = _name_of(source)
    if other in reader.macros:
        define(reader, target, reader.macros[other])
    elif other and other != target:
        define(reader, target, Macro(native=other))
    elif source and not other:
        define(reader, target, Macro(parts=(source,)))


def _operator(reader: Reader, name: str) -> None:
    star = "*" if reader.take("*") else ""
    target = _name_of(reader.argument())
    define(reader, target, Macro(parts=(rf"\operatorname{star}{{{reader.argument()}}}",)))


def _paired(reader: Reader, name: str) -> None:
    target = _name_of(reader.argument())
    left, right = reader.argument(), reader.argument()
    define(reader, target, Macro((Parameter("s"), Parameter("o"), Parameter("m")), (f"{left} ", 3, f" {right}")))


def _newenvironment(reader: Reader, name: str) -> None:
    reader.take("*")
    target = reader.argument().strip()
    if name.endswith("DocumentEnvironment"):
        parameters = specified(reader.argument())
    else:
        count = reader.option()
        parameters = numbered(count or "0", reader.option() if count is not None else None)
    begin, end = body_of(reader.argument()), body_of(reader.argument())
    if target not in _KEPT_ENVIRONMENTS:
        reader.environments[target] = (Macro(parameters, begin), Macro(parameters, end))


def _newtheorem(reader: Reader, name: str) -> None:
    star = reader.take("*")
    target = reader.argument().strip()
    shared = reader.option()
    title = reader.argument()
    within = reader.option()
    if name == "spnewtheorem":
        reader.drop("mm")
    counter = "" if star else (shared or target).strip()
    if counter in reader.theorems:
        counter = reader.theorems[counter][1]
    reader.theorems[target] = (title, counter)
    if within and counter:
        reader.labels.count_within(counter, within.strip())


def _declaretheorem(reader: Reader, name: str) -> None:
    options = reader.option() or ""
    for target in reader.argument().split(","):
        target = target.strip()
        title = re.search(r"(?:name|title)\s*=\s*\{?([^,{}]+)", options)
        shared = re.search(r"(?:sibling|sharenumber|numberlike)\s*=\s*\{?(\w+)", options)
        counter = "" if re.search(r"numbered\s*=\s*(?:no|false)", options) else shared[1] if shared else target
        reader.theorems[target] = (title[1].strip() if title else target.capitalize(), counter)


def _share_counter(reader: Reader, name: str) -> None:
    counter = reader.argument().strip()
    other = reader.argument().strip()
    reader.labels.shared[counter] = reader.labels.shared.get(other, other)


def _numberwithin(reader: Reader, name: str) -> None:
    reader.take("*")
    reader.option()
    counter = reader.argument().strip()
    reader.labels.count_within(counter, reader.argument().strip())


def _newif(reader: Reader, name: str) -> None:
    condition = _name_of(reader.argument())
    if condition.startswith("if"):
        _new_condition(reader, condition[2:])


def _new_condition(reader: Reader, name: str, value: bool = False) -> None:
    reader.conditions[f"if{name}"] = value
    for word in ("true", "false"):
        reader.macros[f"{name}{word}"] = Macro(switch=(f"if{name}", word == "true"))


def _set_condition(reader: Reader, name: str) -> None:
    target = reader.argument().strip()
    value = name.endswith("true") or (name.startswith("set") and reader.argument().strip() == "true")
    _new_condition(reader, target, value)


def condition(reader: Reader, name: str) -> None:
    r"""Read an ``\if...``: go on behind it where it holds, else behind its ``\else`` or ``\fi``."""
    holds = reader.conditions.get(name)
    if not (_holds(reader, name) if holds is None else holds):
        _skip(reader, to_else=True)


def _holds(reader: Reader, name: str) -> bool:
    if name in ("iftrue", "ifpdf", "ifPDFTeX", "ifpdftex"):
        return True
    if name in ("ifx", "if", "ifcat"):
        first, second = reader.argument(), reader.argument()
        known = [reader.macros.get(_name_of(one)) for one in (first, second)]
        return first == second or (name == "ifx" and known[0] is not None and known[0] == known[1])
    if name == "ifdefined":
        return reader.knows(_name_of(reader.argument()))
    if name == "ifcsname":
        return reader.knows(_csname(reader))
    if name == "ifmmode":
        return reader.formula is not None
    if name in ("ifnum", "ifdim", "ifodd", "ifcase"):
        frame = reader.frames[-1]
        compared = _COMPARISON.match(frame.text, frame.pos)
        if name != "ifnum" or not compared or "\\" in compared[1] + compared[3]:
            return False
        frame.pos = compared.end()
        first_number, second_number = int(compared[1][:9]), int(compared[3][:9])
        return {"<": first_number < second_number, ">": first_number > second_number}.get(
            compared[2], first_number == second_number
        )
    return False


def _skip(reader: Reader, to_else: bool) -> None:
    r"""Go behind the ``\fi`` that ends the condition, or behind its ``\else``."""
    frame = reader.frames[-1]
    if frame.without_fi:
        return
    depth = 0
    for match in _CHOICE.finditer(frame.text, frame.pos):
        if match[1]:
            depth += match[1] in CONDITIONS or match[1] in reader.conditions
        elif match[3] and depth:
            depth -= 1
        elif match[3] or (to_else and not depth and match[2] == "else"):
            frame.pos = match.end()
            return
    frame.without_fi = True
    reader.files.note("missing fi")


def _else(reader: Reader, name: str) -> None:
    _skip(reader, to_else=False)


def _nothing(reader: Reader, name: str) -> None:
    """A command that leaves nothing."""


def _csname(reader: Reader, name: str = "") -> str:
    frame = reader.frames[-1]
    end = frame.text.find(r"\endcsname", frame.pos, frame.pos + 200)
    if end < 0:
        return ""
    written = frame.text[frame.pos : end].strip()
    frame.pos = end + len(r"\endcsname")
    if name and written in reader.macros:
        reader.command(written)
    return written


def _do_csname(reader: Reader, name: str) -> None:
    _csname(reader, name)


def _choose(reader: Reader, name: str) -> None:
    """A condition whose two texts are arguments: read the one that holds."""
    holds = _chosen(reader, name)
    first, second = reader.argument(), reader.argument()
    reader.push(first if holds else second)


def _chosen(reader: Reader, name: str) -> bool:
    test = "" if name == "@ifstar" else reader.argument().strip()
    if name in ("iftoggle", "ifbool", "notbool", "nottoggle"):
        return reader.conditions.get(f"if{test}", False) == name.startswith("if")
    if name in ("ifdef", "ifundef", "@ifundefined", "ifcsdef", "ifcsundef"):
        return reader.knows(_name_of(test) or test) != ("undef" in name)
    if name in ("ifstrempty", "ifblank", "ifthenelse", "ifstrequal"):
        return _is_equal(reader, name, test)
    if name == "IfBooleanTF":
        return test == r"\BooleanTrue"
    if name in ("IfNoValueTF", "IfValueTF"):
        return (test == NO_VALUE) == (name == "IfNoValueTF")
    if name == "@ifstar":
        return reader.take("*")
    if name == "@ifnextchar":
        return reader.next_is(test or "\0")
    return False


def _is_equal(reader: Reader, name: str, test: str) -> bool:
    if name == "ifstrequal":
        return test == reader.argument().strip()
    if name != "ifthenelse":
        return not test
    if boolean := re.fullmatch(r"\\boolean\s*\{\s*([^{}]*?)\s*\}", test):
        return reader.conditions.get(f"if{boolean[1]}", False)
    equal = re.fullmatch(r"\\equal\s*\{([^{}]*)\}\s*\{([^{}]*)\}", test)
    return equal is not None and equal[1].strip() == equal[2].strip()


def _input(reader: Reader, name: str) -> None:
    """A file that the source names is read where it is named."""
    folder = reader.argument().strip() if "import" in name.lower() or name in ("inputfrom", "includefrom") else ""
    if reader.next_is("{"):
        target = reader.argument()
    else:
        frame = reader.frames[-1]
        bare = _FILE_NAME.match(frame.text, frame.pos)
        frame.pos = bare.end() if bare else frame.pos
        target = bare[1] if bare else ""
    if name == "InputIfFileExists":
        reader.drop("mm")
    if "\\" in target:
        target = reader.fragment(target)
    target = one_line(target).strip('"')
    if reader.ended or not target or _NOT_READ.search(target.lower()) or target.lower() in _NO_TEX:
        return
    files = reader.files
    current = next((frame.path for frame in reversed(reader.frames) if frame.path), files.main)
    folders = [files.folder / folder, current.parent / folder]
    path = files.find(target, folders, ".tex")
    if path is None:
        return
    if name.startswith(("include", "subfile")):
        reader.sink.flush()
        reader.push(PARAGRAPH)
    include(reader, path)


def include(reader: Reader, path: Path) -> None:
    """Read a file next; counted where it may not be."""
    open_files = [frame.path for frame in reader.frames if frame.path]
    if path in open_files:
        reader.files.note("input cycle")
    elif len(open_files) >= MAX_DEPTH:
        reader.files.note("inputs too deep")
    elif path.name.endswith(".bbl"):
        reader.facts.references.append(reader.files.read(path) or "")
    elif (source := reader.files.read(path)) is not None:
        reader.include(source, path)


def begin_own_environment(reader: Reader, name: str) -> None:
    r"""Read ``\begin`` of an environment of the document's own. In a formula it is no scope of its own."""
    begin, _ = reader.environments[name]
    arguments = reader.arguments(begin.parameters)
    if reader.formula is None:
        reader.open("environment", name)
    reader.push(begin.expanded(arguments))


def end_own_environment(reader: Reader, name: str) -> None:
    r"""Read ``\end`` of an environment of the document's own."""
    _, end = reader.environments[name]
    reader.push(f"{end.expanded(())}\\end{{{AS_IT_IS}{name}}}")


HANDLERS: dict[str, Handler] = {
    **each("newcommand renewcommand providecommand DeclareRobustCommand newrobustcmd renewrobustcmd", _newcommand),
    **dict.fromkeys([f"{verb}DocumentCommand" for verb in _VERBS], _document_command),
    **dict.fromkeys([f"{verb}DocumentEnvironment" for verb in _VERBS], _newenvironment),
    **each("newenvironment renewenvironment", _newenvironment),
    **each("def gdef edef xdef", _def),
    "let": _let,
    "DeclareMathOperator": _operator,
    "DeclarePairedDelimiter": _paired,
    "newtheorem": _newtheorem,
    "spnewtheorem": _newtheorem,
    "declaretheorem": _declaretheorem,
    **each("numberwithin counterwithin @addtoreset", _numberwithin),
    "newaliascnt": _share_counter,
    "newif": _newif,
    **each(
        "newboolean newbool newtoggle providebool setboolean setbool settoggle booltrue boolfalse toggletrue "
        "togglefalse",
        _set_condition,
    ),
    **dict.fromkeys(CONDITIONS, condition),
    **each("else or", _else),
    "fi": _nothing,
    "csname": _do_csname,
    **each(
        "iftoggle ifbool notbool nottoggle ifdef ifundef @ifundefined ifcsdef ifcsundef ifstrempty ifblank ifthenelse "
        "ifstrequal IfBooleanTF IfNoValueTF IfValueTF @ifstar @ifnextchar IfFileExists",
        _choose,
    ),
    **each(
        "input include import subimport inputfrom includefrom subfile subfileinclude InputIfFileExists @input", _input
    ),
}
