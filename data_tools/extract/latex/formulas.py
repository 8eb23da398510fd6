r"""Formulas: kept as LaTeX, the document's own commands expanded, labels and layout taken out, rows numbered.

``align`` and its kin become ``aligned`` inside ``$$``, where environments that number their rows are not allowed.
A formula that only raises or lowers digits, or only makes space, is text: ``CO$_2$``, ``5$\,$km``.
"""

from __future__ import annotations

import re

from data_tools.extract.latex import units
from data_tools.extract.latex.definitions import HANDLERS as DEFINITIONS
from data_tools.extract.latex.definitions import begin_own_environment, end_own_environment
from data_tools.extract.latex.labels import Target
from data_tools.extract.latex.names import FORMULA_ARGUMENTS, FORMULAS, TEXT_ENVIRONMENTS, UNNUMBERED, each, names
from data_tools.extract.latex.reader import Formula, Handler, Reader, Scope, Sink
from data_tools.extract.latex.source import AS_IT_IS, PARAGRAPH
from data_tools.extract.markup import one_line, subscript, superscript

_GROUP = Scope("formula group")
_INNER = Scope("inner formula")
_MAX_BLANK_LINES = 2
"""More blank lines than these in a displayed formula mean that its end is missing."""
_ONE_NUMBER = ("equation", "dmath", "multline", "math", "displaymath")
_BOXES = {
    "mbox": "", "hbox": "", "fbox": "", "intertext": "", "shortintertext": "", "raisebox": "moo", "makebox": "oo",
    "framebox": "oo", "parbox": "ooom", "scalebox": "mo", "rotatebox": "om", "resizebox": "*mm", "colorbox": "om",
    "shortstack": "o",
}  # fmt: skip
"""Commands that put text into a formula, and the arguments before the text."""
_EMPTY_TEXT = re.compile(r"\\text(?:rm|it|bf|sf|tt|up)?\{\s*\}")
_SPACE_ONLY = re.compile(r"(?:\\[,;:! ]|\\(?:q?quad|thinspace|enspace|hfill)(?![A-Za-z])|[\s{}~])+")
_SCRIPT_ONLY = re.compile(r"(?:\{\})?([\^_])(?:\{\s*([0-9+\-−]{1,12})\s*\}|([0-9]))")
_DEGREES = re.compile(r"(?:\{\})?\^\{?\s*\\circ\s*\}?\s*(?:\\(?:mathrm|text|rm|textrm)\s*\{?\s*)?([CFNSEW]?)\s*\}?")
_ROWS_END = re.compile(r"(?:\\\\\s*)+\Z")
_BARS = re.compile(r"\\\||\|")


def open_formula(reader: Reader, name: str, display: bool) -> None:
    """Begin a formula that ``name`` will close."""
    if display:
        reader.sink.flush()
    numbered = display and name in FORMULAS and not name.endswith("*") and name not in UNNUMBERED
    formula = Formula(name, display, numbered)
    reader.open("formula", name, close=lambda sink: _finish(reader, formula, sink))
    reader.formula = formula


def close_formula(reader: Reader, name: str = "") -> None:
    """End the formula, and with it what is open inside."""
    formula = reader.formula
    if formula is None:
        return
    while reader.scopes[-1].kind != "formula":
        scope = reader.scopes.pop()
        reader.files.note("unbalanced braces")
        formula.pieces.append(_closing(scope))
    _end_row(reader, formula)
    reader.formula = None
    reader.pop()


def _finish(reader: Reader, formula: Formula, sink: Sink) -> None:
    tex = _ROWS_END.sub("", _EMPTY_TEXT.sub("", "".join(formula.pieces)).strip()).strip()
    wrapper = FORMULAS.get(formula.name, "")
    if wrapper and (formula.has_rows or "&" in tex):
        tex = rf"\begin{{{wrapper}}} {tex} \end{{{wrapper}}}"
    if reader.grid is not None:
        tex = _BARS.sub(lambda bar: r"\Vert " if len(bar[0]) > 1 else r"\vert ", tex)
    if not tex:
        return
    if _SPACE_ONLY.fullmatch(tex):
        reader.sink.line.append(" ")
    elif formula.display:
        reader.block(reader.markup.formula(tex, display=True))
    elif text := _as_text(tex):
        reader.sink.line.append(text)
    else:
        _write_inline(reader, tex)


def _write_inline(reader: Reader, tex: str) -> None:
    """Write a formula into the paragraph. It joins one that it follows directly, as ``$a$$b$`` would be misread."""
    line = reader.sink.line
    if line and len(line[-1]) > 2 and line[-1][0] == line[-1][-1] == "$":
        line[-1] = reader.markup.formula(f"{line[-1][1:-1]} {tex}")
    else:
        line.append(reader.markup.formula(tex))


def _as_text(tex: str) -> str:
    """Return a formula that is no formula as text, else an empty string."""
    if script := _SCRIPT_ONLY.fullmatch(tex):
        write = superscript if script[1] == "^" else subscript
        return write(script[2] or script[3])
    degrees = _DEGREES.fullmatch(tex)
    return f"°{degrees[1]}" if degrees else ""


def _end_row(reader: Reader, formula: Formula) -> None:
    """Give the row its number, and bind its labels to it."""
    if formula.numbered and not formula.suppressed:
        number = formula.tag or reader.labels.step("equation")
        for label in formula.labels:
            reader.labels.bind(label, Target("equation", number))
    elif formula.tag:
        for label in formula.labels:
            reader.labels.bind(label, Target("equation", formula.tag))
    formula.labels.clear()
    formula.tag, formula.suppressed = "", False


def _formula_of(reader: Reader) -> Formula:
    """Return the formula under way; these handlers are only called where there is one."""
    assert reader.formula is not None
    return reader.formula


def _dollar(reader: Reader, name: str) -> None:
    formula, top = _formula_of(reader), reader.scopes[-1]
    frame = reader.frames[-1]
    if top is _INNER:
        reader.scopes.pop()
        if reader.scopes[-1].kind == "formula text":
            formula.pieces.append(rf"\{reader.scopes[-1].name}{{")
    elif top.kind == "formula text":
        # text in a formula with a formula in it: \text{if $x$} becomes {\text{if }x}
        reader.scopes.append(_INNER)
        formula.pieces.append("}")
        if not formula.pieces[top.start].startswith("{"):
            formula.pieces[top.start] = "{" + formula.pieces[top.start]
    elif top is _GROUP:
        reader.scopes.append(_INNER)
    elif formula.name == "$":
        close_formula(reader)
    elif formula.name == "$$" and frame.text.startswith("$", frame.pos):
        frame.pos += 1
        close_formula(reader)


def _open_brace(reader: Reader, name: str) -> None:
    reader.scopes.append(_GROUP)
    _formula_of(reader).pieces.append("{")


def _close_brace(reader: Reader, name: str) -> None:
    formula = _formula_of(reader)
    if reader.scopes[-1] is _INNER:
        _dollar(reader, name)
    scope = reader.scopes[-1]
    if scope is _GROUP or scope.kind == "formula text":
        reader.scopes.pop()
        formula.pieces.append("}" if scope is _GROUP or formula.pieces[scope.start][0] != "{" else "}}")
    elif formula.name == "}" and scope.kind == "formula":
        close_formula(reader)
    elif scope.kind == "formula" and len(reader.scopes) > 1 and reader.scopes[-2].kind in ("group", "argument"):
        reader.files.note("unbalanced formula")
        close_formula(reader)
        reader.close_group()
    else:
        reader.files.note("unbalanced braces")


def _paragraph(reader: Reader, name: str) -> None:
    formula = _formula_of(reader)
    formula.num_blank_lines += 1
    if formula.name in ("$", "$$", ")") or formula.num_blank_lines > _MAX_BLANK_LINES:
        reader.files.note("unbalanced formula")
        close_formula(reader)
        reader.native(f"char {PARAGRAPH}")
    else:
        formula.pieces.append(" ")


def _raw(reader: Reader, name: str) -> None:
    """A command that stays as it is."""
    formula = _formula_of(reader)
    formula.add(f"\\{name}")
    if name.isalpha() and not reader.follows_directly():
        formula.pieces.append(" ")


def _sign(reader: Reader, name: str) -> None:
    _formula_of(reader).pieces.append(name.removeprefix("char "))


def _nothing(reader: Reader, name: str) -> None:
    """A command that leaves nothing."""


def _row(reader: Reader, name: str) -> None:
    formula = _formula_of(reader)
    formula.pieces.append("\\\\ ")
    if reader.follows_directly():
        reader.take("*")
        reader.option()
    if reader.scopes[-1].kind == "formula":
        formula.has_rows = True
        if formula.name not in _ONE_NUMBER:
            _end_row(reader, formula)


def _closing_sign(reader: Reader, name: str) -> None:
    r"""``\)`` or ``\]``."""
    if _formula_of(reader).name == name:
        close_formula(reader)
    else:
        reader.files.note("unbalanced formula")


def _begin(reader: Reader, name: str) -> None:
    formula = _formula_of(reader)
    environment = reader.argument().strip()
    if environment in reader.environments:
        begin_own_environment(reader, environment)
    elif environment in TEXT_ENVIRONMENTS or environment in reader.theorems:
        _leave(reader)
        reader.push(rf"\begin{{{environment}}}")
    else:
        inner = FORMULAS.get(environment) or environment
        formula.add(rf"\begin{{{inner}}}")
        formula.inner[inner] = formula.inner.get(inner, 0) + 1
        reader.scopes.append(Scope("inner environment", inner))
        reader.drop(FORMULA_ARGUMENTS.get(environment, ""))


def _end(reader: Reader, name: str) -> None:
    formula = _formula_of(reader)
    environment = reader.argument().strip()
    inner = FORMULAS.get(environment) or environment
    if formula.inner.get(inner):
        _close_inner(reader, formula, inner)
    elif formula.name == environment:
        close_formula(reader)
    elif environment in reader.environments:
        end_own_environment(reader, environment)
    elif reader.opened.get(environment.lstrip(AS_IT_IS)):
        _leave(reader)
        reader.end_environment(environment.lstrip(AS_IT_IS))
    elif not environment.startswith(AS_IT_IS):
        reader.files.note("missing begin")


def _close_inner(reader: Reader, formula: Formula, inner: str) -> None:
    while (scope := reader.scopes.pop()).name != inner or scope.kind != "inner environment":
        reader.files.note("unbalanced braces")
        formula.pieces.append(_closing(scope))
        if scope.kind == "inner environment":
            formula.inner[scope.name] -= 1
    formula.inner[inner] -= 1
    formula.add(rf"\end{{{inner}}}")


def _closing(scope: Scope) -> str:
    """Return what closes a scope inside a formula."""
    if scope.kind == "inner environment":
        return rf"\end{{{scope.name}}}"
    return "" if scope is _INNER else "}"


def _leave(reader: Reader) -> None:
    reader.files.note("unbalanced formula")
    close_formula(reader)


def _outside(reader: Reader, name: str) -> None:
    """A command that no formula holds: the end of the formula is missing."""
    _leave(reader)
    reader.native(name)


def _label(reader: Reader, name: str) -> None:
    _formula_of(reader).labels.append(reader.argument())


def _tag(reader: Reader, name: str) -> None:
    reader.take("*")
    _formula_of(reader).tag = one_line(reader.argument().replace("$", ""))


def _unnumbered(reader: Reader, name: str) -> None:
    _formula_of(reader).suppressed = True


def _text(reader: Reader, name: str) -> None:
    formula = _formula_of(reader)
    if name in _BOXES:
        reader.drop(_BOXES[name])
        name = "text"
    formula.add(f"\\{name}")
    if reader.take("{"):
        start = len(formula.pieces) - 1
        formula.pieces.append("{")
        reader.scopes.append(Scope("formula text", name, start=start))
    elif not reader.follows_directly():
        formula.pieces.append(" ")


def _choice_of_style(reader: Reader, name: str) -> None:
    r"""``\mathchoice``: of its four texts the one for a line of text."""
    reader.argument()
    text = reader.argument()
    reader.drop("mm")
    reader.push(text)


def _drop(arguments: str) -> Handler:
    def handler(reader: Reader, name: str) -> None:
        reader.drop(arguments)

    return handler


def _reference(reader: Reader, name: str) -> None:
    reader.take("*")
    _formula_of(reader).pieces.append(reader.labels.place(name, reader.argument()))


def _quantity(reader: Reader, name: str) -> None:
    _formula_of(reader).add(units.in_formula(written_quantity(reader, name)))


def written_quantity(reader: Reader, name: str) -> str:
    """Return what one of siunitx's commands, or mhchem's, prints."""
    if name in ("ce", "cf", "chem"):
        return units.chemistry(reader.argument())
    reader.option()
    if name in ("si", "unit"):
        return units.unit(reader.argument(), reader.units)
    first = reader.argument()
    if name == "ang":
        return units.angle(first)
    value = units.number(first)
    if name in ("SIrange", "qtyrange", "numrange"):
        value = f"{value}–{units.number(reader.argument())}"
    elif name in ("SIlist", "qtylist", "numlist"):
        value = ", ".join(map(units.number, first.split(";")))
    if name.startswith("num"):
        return value
    reader.option()
    return units.quantity(value, units.unit(reader.argument(), reader.units))


QUANTITIES = names("SI qty si unit num ang SIrange qtyrange numrange SIlist qtylist numlist ce cf chem")  # fmt: skip
HANDLERS: dict[str, Handler] = {
    **DEFINITIONS,
    "": _raw,
    "close formula": close_formula,
    "char $": _dollar,
    "char &": _sign,
    "char #": _nothing,
    "char {": _open_brace,
    "char }": _close_brace,
    "char \\": _nothing,
    f"char {PARAGRAPH}": _paragraph,
    "par": _nothing,
    "\\": _row,
    ")": _closing_sign,
    "]": _closing_sign,
    "begin": _begin,
    "end": _end,
    "label": _label,
    "tag": _tag,
    "nonumber": _unnumbered,
    "notag": _unnumbered,
    **dict.fromkeys(["text", "textrm", "textit", "textbf", "textsf", "texttt", "textup", *_BOXES], _text),
    "mathchoice": _choice_of_style,
    **each(
        "ensuremath xspace protect relax noindent nolimits displaybreak allowdisplaybreaks null leavevmode @ - / "
        "nobreak allowbreak expandafter noexpand ignorespaces unskip qedhere centering medskip smallskip",
        _nothing,
    ),
    "footnotemark": _drop("o"),
    **each("vspace hspace", _drop("*m")),
    **each("nocite index hypertarget vphantom raisetag hyperlink href", _drop("m")),
    **each("color textcolor footnote thanks marginpar todo", _drop("om")),
    **each("cite citep citet citealt citealp parencite autocite textcite", _drop("*oom")),
    **each("ref eqref cref Cref autoref", _reference),
    **dict.fromkeys(QUANTITIES, _quantity),
    **each(
        "section subsection subsubsection chapter paragraph part caption maketitle item bibliography appendix", _outside
    ),
}
