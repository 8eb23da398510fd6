"""Parts of a text that web rules count as junk and that a domain lives on: tables, formulas, code, measured quantities.

``without_exempt`` returns a text without them. The rules use it for a second look at a text that they would drop, so
that nothing is lost for its tables; it never decides what is written.

Blocks: tables (Markdown rows, rows parted by tabs or wide gaps, rows of figures), displayed formulas, fenced code.
Spans: formulas in a line, coordinates, isotopes and chemical formulas, quantities with their units and dosages,
abbreviations in capitals, and names of genes (a lower-case prefix to capitals and digits, or capitals with digits).
"""

from __future__ import annotations

import re
from collections.abc import Collection

BLOCKS = ("tables", "formulas", "code")
SPANS = ("coordinates", "chemistry", "quantities", "abbreviations", "genes")
EXEMPT = (*BLOCKS, *SPANS)

_CODE = re.compile(r"^(```|~~~)[^\n]*\n.*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_DISPLAYED = re.compile(
    r"\$\$.{1,5000}?\$\$|\\\[.{1,5000}?\\\]|\\begin\{(?P<name>[a-z]+\*?)\}.{1,5000}?\\end\{(?P=name)\}", re.DOTALL
)
_INLINE_FORMULA = re.compile(r"(?<![\\$])\$[^$\n]{1,400}\$")
_FIGURE = r"[(\-−–+]?[$€£¥]?\s?\d[\d,.]*\s?[)%]{0,2}"
_ROW = re.compile(
    r"^(?:[ \t]*\|.*\|[ \t]*"  # Markdown
    r"|[^\t\n]*\t[^\t\n]*\t[^\n]*|[^\t\n]*\t[ $€£(\-−–]*[\d—–-][^\n]*"  # parted by tabs
    r"|[^\n|]+ \| [^\n|]+ \|[^\n]*"
    rf"|[^\n]*\S(?: {{3,}}{_FIGURE}){{1,}}[^\n]*"  # parted by wide gaps
    rf"|[^\n\d]{{0,80}}(?:[ ]{_FIGURE}){{2,}}[ ]*"  # a label and figures
    rf"|[ ]*(?:{_FIGURE}|[—–-])(?:[ ]+(?:{_FIGURE}|[—–-]))*[ ]*)$",  # figures alone
    re.MULTILINE,
)
_UNIT_NAMES = """
    mm cm dm m km nm µm μm Å ft in mi mg µg μg ng g kg t Mt Gt lb oz ml mL µL μL L l s ms min h hr hrs d day days week
    weeks month months year years yr a ka Ma Ga Myr Gyr K °C °F Pa kPa hPa MPa GPa bar kbar atm mmHg Hz kHz MHz GHz V
    mV kV A mA W kW MW GW J kJ MJ eV keV MeV N kN T nT mT mol mmol µmol mM µM nM M ppm ppb ppt wt% vol% % ‰ IU U mEq
    bpm dB mGal cps dL m2 m3 km2 km3 m² m³ km² km³ cm3 cm³ tablet tablets capsule capsules dose doses million billion
    bps bp
"""
_UNITS = "|".join(sorted(map(re.escape, _UNIT_NAMES.split()), key=len, reverse=True))
_SPAN_PATTERNS = {
    "coordinates": re.compile(
        r"[-−]?\d{1,3}(?:\.\d+)?\s?°\s?(?:\d{1,2}(?:\.\d+)?\s?['′’]\s?(?:\d{1,2}(?:\.\d+)?\s?[\"″”]\s?)?)?[NSEWO]?\b"
        r"|[-−]?\d{1,3}\.\d{3,},\s?[-−]?\d{1,3}\.\d{3,}"
    ),
    "chemistry": re.compile(
        r"[δΔε]?(?:\^?\{?\d{1,3}\}?|[⁰¹²³⁴-⁹]{1,3})[A-Z][a-z]?(?:/(?:\d{1,3}|[⁰¹²³⁴-⁹]{1,3})[A-Z][a-z]?)?\b"
        r"|[δΔε][A-Z]\w{0,3}|\b(?:[A-Z][a-z]?(?:\d{1,3}|[₀-₉]{1,3})?){1,8}(?:\d|[₀-₉]|[²³⁺⁻+]+)(?![a-z])"
    ),
    "quantities": re.compile(
        rf"(?:[<>≤≥~≈±+−-]\s?)?\d[\d.,]*(?:\s?[±×x–-]\s?\d[\d.,]*)*(?:\s?(?:{_UNITS})(?:\s?[/·⋅]\s?(?:{_UNITS}))?(?!\w))?"
    ),
    "abbreviations": re.compile(r"\b[A-Z]{2,6}s?\b:?"),
    "genes": re.compile(r"\b(?:[a-z]{1,3}[A-Z]{1,5}\d{0,3}|[A-Z]{2,6}-?\d{1,3}[A-Z]?|[a-z]{2,5}-?\d{1,3})\b"),
}


def without_exempt(text: str, kinds: Collection[str]) -> str:
    """Return ``text`` without the ``kinds`` of blocks and spans (names in ``EXEMPT``); lines that were emptied go."""
    if "code" in kinds:
        text = _CODE.sub("", text)
    if "formulas" in kinds:
        text = _DISPLAYED.sub("", text) if "$" in text or "\\" in text else text
        text = _INLINE_FORMULA.sub("", text) if "$" in text else text
    if "tables" in kinds:
        text = _ROW.sub("", text)
    for kind, pattern in _SPAN_PATTERNS.items():
        if kind in kinds:
            text = pattern.sub("", text)
    return re.sub(r"\n\s*\n\s*", "\n\n", text).strip()
