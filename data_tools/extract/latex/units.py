r"""Quantities and chemical formulas as LaTeX's packages write them: siunitx (``\SI``, ``\qty``, ``\num``) and mhchem.

As text they come out as print shows them, with raised and lowered digits: ``9.81 m s⁻²``, ``SO₄²⁻``. Inside a formula
they are written with standard commands. Of siunitx the default way of printing is followed, whatever options are set.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from data_tools.extract.markup import one_line, subscript, superscript

_PREFIXES = {
    "yocto": "y", "zepto": "z", "atto": "a", "femto": "f", "pico": "p", "nano": "n", "micro": "µ", "milli": "m",
    "centi": "c", "deci": "d", "deca": "da", "deka": "da", "hecto": "h", "kilo": "k", "mega": "M", "giga": "G",
    "tera": "T", "peta": "P", "exa": "E", "zetta": "Z", "yotta": "Y", "kibi": "Ki", "mebi": "Mi", "gibi": "Gi",
    "tebi": "Ti",
}  # fmt: skip
_UNITS = {
    "meter": "m", "metre": "m", "second": "s", "gram": "g", "ampere": "A", "kelvin": "K", "mole": "mol",
    "candela": "cd", "hertz": "Hz", "newton": "N", "pascal": "Pa", "joule": "J",
    "watt": "W", "coulomb": "C", "volt": "V", "farad": "F",
    "ohm": "Ω", "siemens": "S", "weber": "Wb", "tesla": "T", "henry": "H", "lumen": "lm", "lux": "lx",
    "becquerel": "Bq", "gray": "Gy", "sievert": "Sv", "katal": "kat", "radian": "rad", "steradian": "sr",
    "minute": "min", "hour": "h", "day": "d", "degree": "°", "arcminute": "′", "arcsecond": "″", "hectare": "ha",
    "litre": "l", "liter": "L", "tonne": "t", "electronvolt": "eV", "dalton": "Da", "angstrom": "Å", "percent": "%",
    "celsius": "°C", "degreeCelsius": "°C", "astronomicalunit": "au", "decibel": "dB", "neper": "Np", "bel": "B",
    "nauticalmile": "M", "knot": "kn", "byte": "B", "kilogram": "kg", "mmHg": "mmHg", "permille": "‰", "year": "yr",
    "annum": "a", "inch": "in", "atomicmassunit": "u",
}  # fmt: skip
_ABBREVIATED_MICRO = re.compile(r"u(?:m|s|g|A|V|W|J|l|L|F|H|mol)")
_UNIT_TOKEN = re.compile(r"\\([A-Za-z]+)\s*|\^\s*(?:\{([^{}]*)\}|(-?\d))|([^\\^{}.~\s/]+)|(/)|\\.|.", re.DOTALL)
_BRACED = re.compile(r"\s*\{\s*(-?[\d./]+)\s*\}|\s*(-?\d)")
_EXPONENT = re.compile(r"(\d)?\s*[eEdD]\s*([+-]?\d+)")
_SCRIPTS = re.compile(r"\^\{?(-?\d+)\}?|10\^\{?(-?\d+)\}?")
_RAISED, _LOWERED = "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼ⁿ", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎"
_SCRIPTED = re.compile(f"([{_RAISED}]+)|([{_LOWERED}]+)")
_PLAIN = str.maketrans(_RAISED + _LOWERED, "0123456789+-=n0123456789+-=()")
_FORMULA_SIGNS = {
    " → ": r"\rightarrow ", " ← ": r"\leftarrow ", " ↔ ": r"\leftrightarrow ", " ⇌ ": r"\rightleftharpoons ",
    "×": r"\times ", "±": r"\pm ", "µ": r"\mu ", "Ω": r"\Omega ", "°": r"^{\circ}", "%": r"\%", "–": "-", " ": r"\,",
    "·": r"\cdot ", "≡": r"\equiv ",
}  # fmt: skip
_CHEMISTRY = re.compile(
    r"(?P<arrow><=>>?|<<=>|<->|<-->|->|<-)(?:\[[^\[\]]*\]){0,2}|\^\{(?P<raised>[^{}]*)\}|\^(?P<charge>\d*[+-]|\d+)"
    r"|_\{(?P<lowered>[^{}]*)\}|_(?P<digit>\d+)|(?<=[A-Za-z)\]}])(?P<count>\d+(?:[.,]\d+)?|[n](?=[A-Z(\s]|\Z))"
    r"|(?<=[A-Za-z0-9)\]])(?P<ion>[+-])(?=[\s)\],.]|\Z)|(?P<dot>\s\*\s|\s?\.\s|\*)|(?P<other>[{}])"
)
_ARROWS = {"->": " → ", "<-": " ← ", "<->": " ↔ ", "<-->": " ⇄ "}


def number(source: str) -> str:
    """Return siunitx's ``1.5e-3`` as ``1.5 × 10⁻³``."""
    text = source.replace(r"\pm", "±").replace("+-", "±").replace("~", "").replace(r"\times", "x")
    text = re.sub(r"\\(?:[A-Za-z]+|.)|[{}]", "", text)
    text = re.sub(r"\s+", "", text).replace("x", " × ").replace("±", " ± ")
    return one_line(_EXPONENT.sub(_power_of_ten, text))


def _power_of_ten(match: re.Match[str]) -> str:
    power = f"10{superscript(match[2].removeprefix('+'))}"
    return f"{match[1]} × {power}" if match[1] else power


def unit(source: str, declared: Mapping[str, str]) -> str:
    r"""Return siunitx's ``\metre\per\second\squared`` or ``m.s^{-2}`` as ``m s⁻²``; ``declared``: own units."""
    found: list[tuple[str, str]] = []
    prefix, power, per = "", "", False
    pos = 0
    while match := _UNIT_TOKEN.match(source, pos):
        pos = match.end()
        name = match[1]
        if name == "per":
            per = True
        elif name in ("square", "cubic"):
            power = "2" if name == "square" else "3"
        elif name in ("raiseto", "tothe", "squared", "cubed"):
            given = _BRACED.match(source, pos) if name in ("raiseto", "tothe") else None
            pos = given.end() if given else pos
            raised = {"squared": "2", "cubed": "3"}.get(name, (given[1] or given[2]) if given else "1")
            if name == "raiseto":
                power = raised
            elif found:
                found[-1] = (found[-1][0], _with_sign(found[-1][1], raised))
        elif name in _PREFIXES:
            prefix = _PREFIXES[name]
        elif name or match[4]:
            symbol = prefix + (declared.get(name) or _UNITS.get(name) or _abbreviation(name) if name else match[4])
            found.append((symbol, ("-" if per else "") + (power or ("1" if per else ""))))
            prefix, power, per = "", "", False
        elif (match[2] or match[3]) and found:
            found[-1] = (found[-1][0], match[2] or match[3])
        elif match[5] and found:
            found.append(("/", ""))
    return " ".join(symbol + (superscript(power) if power else "") for symbol, power in found).replace(" / ", "/")


def _with_sign(before: str, power: str) -> str:
    return f"-{power}" if before.startswith("-") else power


def _abbreviation(name: str) -> str:
    return f"µ{name[1:]}" if _ABBREVIATED_MICRO.fullmatch(name) else "" if name in ("cdot", "of", "cancel") else name


def quantity(value: str, unit_text: str) -> str:
    """Return a number and its unit as they are printed."""
    if not unit_text or not value:
        return value or unit_text
    return f"{value}{unit_text}" if unit_text[0] in "°′″" and not unit_text.startswith("°C") else f"{value} {unit_text}"


def angle(source: str) -> str:
    r"""Return siunitx's ``\ang{10;20;30}`` as ``10°20′30″``."""
    parts = [number(part) for part in source.split(";")]
    return "".join(f"{part}{sign}" for part, sign in zip(parts, "°′″", strict=False) if part)


def chemistry(source: str) -> str:
    r"""Return mhchem's ``\ce{SO4^2- + 2 H+ -> H2SO4}`` as ``SO₄²⁻ + 2 H⁺ → H₂SO₄``."""
    source = re.sub(r"\\(?:[A-Za-z]+\s*|.)", " ", source.replace("$", ""))
    return one_line(_CHEMISTRY.sub(_chemical, source))


def _chemical(match: re.Match[str]) -> str:
    if match["arrow"]:
        return _ARROWS.get(match["arrow"], " ⇌ ")
    if match["dot"]:
        return "·"
    if match["other"]:
        return ""
    if raised := match["raised"] or match["charge"] or match["ion"]:
        return superscript(raised)
    return subscript(match["lowered"] or match["digit"] or match["count"] or "")


def in_formula(text: str) -> str:
    r"""Return printed text as it is written in a formula: ``\mathrm{m\,s^{-2}}``."""
    written = _SCRIPTED.sub(lambda match: f"{'^' if match[1] else '_'}{{{match[0].translate(_PLAIN)}}}", text)
    for sign, command in _FORMULA_SIGNS.items():
        written = written.replace(sign, command)
    return rf"\mathrm{{{written}}}"
