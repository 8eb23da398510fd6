"""Repairs: what is wrong is mended and counted, what is right is left alone, and nothing is mended twice."""

from __future__ import annotations

import random
import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest
from ftfy import fix_encoding

from data_tools.errors import DataError
from data_tools.planting import edits
from data_tools.repair import REPAIRS, repair
from data_tools.repairs.characters import undo_mojibake
from tests.stages.curation_inputs import prose

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("broken", "mended", "name", "places"),
    [
        ("one\r\ntwo\rthree\x0cfour\u2028five", "one\ntwo\nthree\nfour\nfive", "line_ends", 3),
        ("Zoë Müller".encode().decode("latin-1"), "Zoë Müller", "mojibake", 1),
        ("Zoë – “Müller”".encode().decode("cp1252", "replace").replace("�", "\x9d"), "Zoë – “Müller”", "mojibake", 1),
        ("Åsa".encode().decode("latin-1"), "Åsa", "mojibake", 1),
        ("Cafe\u0301\nnow", "Café\nnow", "unicode_form", 1),
        ("a\x00b\u200bc\ufeffd\x1be", "abcde", "control_characters", 4),
        ("a  \nb\n\n\n\nc\u00a0d ", "a\nb\n\nc d", "white_space", 4),
        ("The le\u00adthal dose", "The lethal dose", "hyphens", 1),
    ],
)
def test_each_repair_of_characters_mends_and_is_counted(broken: str, mended: str, name: str, places: int) -> None:
    text, num_places = repair(broken)
    assert text == mended
    assert num_places[name] == places
    assert set(num_places) <= set(REPAIRS)


LEFT_ALONE = [
    "δ18O = −5 ‰, 10⁻³ m², 40°26′ N; SiO₂",
    "δ¹⁸O and ²³⁸U/²⁰⁶Pb at 25 °C, 3.2 × 10⁻⁹ m·s⁻¹, 5 μg/m³, ½ of ℵ₀, ﬁnite",
    "naïve café – “so” … Ångström",
    "плохо",
    "深度为二十米。",
    "",
    "a\tb\n\nc",
    "The energy $E = mc^2$ and $$\\int_0^1 x^2 \\, dx$$ hold for x in [0, 1) and ( a, b ).",
    "| rock | SiO2 (%) |\n| --- | --- |\n| basalt | 49.2 |\n| granite | 72.0 |",
    "| see | |\n| ( ) | [ ] |",
    "```\nx = f()\ny = a-\nb\n```\n\nThen call `main()` once.",
    "name,depth,age\nA-1,12.5,3.2\nB-2,13.0,4.1\nC-3,1.0,0.2",
    "The compound 2,4-\ndinitrophenol and the tert-\nbutyl group were made.".replace("-\n", "-"),
    "See https://example.org/a-very-\nlong-name and 10.1029/2019JB-\n0123 for it.",
    "BP 120/80\nHR 72\nTemp 36.8\nHPI: none",
    "Doctor: How are you?\nPatient: Well.\nDoctor: Any pain?\nPatient: No -\nDoctor: Good.",
    "Home\n\nHome is where the heart is,\nand where the river runs;\nand nothing more.",
    "Sea\nsalt water\nSill\nsheet of rock\nSoil\nloose cover",
    "Total\n12\n\nAnswer\n13\n\nTotal\n14\n\nAnswer\n15",
    "( ) Yes ( ) No\n[ ] Male [ ] Female\n- [ ] to do",
    "for (i = 0; i < n; i++) { x[i] = f(i); }",
    "The word see ( lat. videre ) is old; and so on.",
    "Payments to/(from) partners; profit/(loss); the (in)finite set ().add(x)",
    "The charge is (+) or (-), and the sign ( + ) differs from ( − ).",
    "I see. He came in. It shows in, among others, Table 3 and Figure 2 (see Figure 4).",
    "JavaScript is a language. The use of cookies is regulated. We kept the cookies in a jar.",
    "1 Introduction\n1.1 Rocks\n2 Methods\n2.1 Samples\n3 Results",
]


@pytest.mark.parametrize("text", LEFT_ALONE)
def test_good_text_is_left_alone(text: str) -> None:
    assert repair(text) == (text, {})


@pytest.mark.parametrize("seed", range(5))
def test_clean_prose_is_left_alone(seed: int) -> None:
    text = "\n\n".join(prose(100 * seed + number, 6) for number in range(30))
    assert repair(text) == (text, {})


def test_one_wrong_line_among_good_ones() -> None:
    wrong = "Übung".encode().decode("latin-1")
    assert repair(f"Größe\n{wrong}\nπ")[0] == "Größe\nÜbung\nπ"


def test_a_repair_can_be_left_out() -> None:
    text = f"{prose(1, 3)}\nAll rights reserved."
    assert repair(text, without=("site_furniture",)) == (text, {})
    assert repair(text)[1] == {"site_furniture": 1}


def test_an_unknown_repair_is_refused() -> None:
    with pytest.raises(
        DataError, match=r"without: there is no such repair, got 'hyphen'\. Use some of mojibake, line_en"
    ):
        repair("x", without=("hyphen", "mojibake"))


FRAGMENTS: Sequence[str] = (
    "hetero-\ngeneous", "well-\nknown ", "K-\nfeldspar", "\u00ad", "\u00ad\n", "\x02", "so\ufffelar ", "-\n", "\n",
    "\n\n", "\r\n", "\x0c", "\n\x0c", " \n", "Page 3 of 9\n", "\n12\n", "\n13\n", "\n14\n", "\nTable of Contents\n",
    "(see )", "( )", "()", " [, ]", ", as shown in .", "Figure  shows ", "Equation ()", "See .", " shown in .", " in .",
    "in , we see ", "\nHome\nAbout us\nContact us\n", "Home > Rocks > Granite\n", "All rights reserved.",
    "We use cookies. ", "\nHome | About | Contact\n", "Skip to content\n",
    "\nEnd of the Project Gutenberg EBook of X\n", "*** START OF THE PROJECT GUTENBERG EBOOK X ***\n",
    "Zoë".encode().decode("latin-1"), "â€™", "e\u0301", "\u200b",
    "\x85", "- an item\n  of a list\n", "| a | b |\n", "```\n", "$$\n", "# Heading\n", "the river runs on ",
    "The end. ", "and ", "\t", "    ", "1. ", "“", "” ", "(", ")", "[", "]", ",", ".", "5", "-",
)  # fmt: skip


@pytest.mark.parametrize("seed", range(40))
def test_a_repaired_text_is_never_repaired_further(seed: int) -> None:
    rng = random.Random(seed)
    pieces = [rng.choice(FRAGMENTS) for _ in range(rng.randint(5, 200))]
    if seed % 2:  # with enough wrapped prose around, page breaks and wraps are found
        wrapped = textwrap.fill(prose(seed, 40), 70).split("\n")
        pieces = [piece for line in wrapped for piece in (line, rng.choice((*FRAGMENTS, *["\n"] * 120)))]
    text = "".join(pieces)
    once, _ = repair(text)
    assert repair(once) == (once, {})
    for name in REPAIRS:
        alone = tuple(other for other in REPAIRS if other != name)
        once, num_places = repair(text, without=alone)
        assert repair(once, without=alone) == (once, {})
        assert (once != text) == bool(num_places)


@pytest.mark.parametrize("seed", range(20))
def test_mojibake_is_what_ftfy_finds_line_by_line(seed: int) -> None:
    rng = random.Random(seed)
    characters = "aZ .,\n\n“”’–—…éüßÂÃâ€œŒ\x80\x9d\u00a0¤¨§°²×≈вЂΒΓÐØÙà²œ©®™£µπж中"
    text = "".join(rng.choice(characters) for _ in range(400))
    text += "Où “est” l’été – Zoë".encode().decode(rng.choice(("latin-1", "cp437", "mac-roman")))
    assert undo_mojibake(text)[0] == "\n".join(fix_encoding(line) for line in text.split("\n"))


@pytest.mark.parametrize("seed", range(10))
def test_planted_defects_are_undone_to_the_letter(seed: int) -> None:
    text = "\n\n".join(prose(50 * seed + number, 5) for number in range(4))
    rng = random.Random(seed)
    assert repair(edits.add_boilerplate(text, rng)[0])[0] == text
    for codec in edits.MOJIBAKE_CODECS:
        mended, num_places = repair(edits.add_mojibake(text, codec, rng)[0])
        assert num_places.pop("mojibake") == 1
        assert mended in {
            text.replace(text[:place], f"{text[:place]} {sentence}", 1)
            for sentence in edits._ACCENTED
            for place in range(len(text) + 1)
            if text[:place].endswith(".") or place == len(text)
        }


@pytest.mark.skipif(not SHARED.exists(), reason="needs the real text in ../shared/data, not part of the project")
@pytest.mark.parametrize("name", ["Jane_Austen__Emma.md", "Herman_Melville__Moby-Dick.md"])
def test_a_real_novel_loses_no_word(name: str) -> None:
    text = (SHARED / "general" / "classic_books" / name).read_text("utf-8")
    mended, num_places = repair(text)
    assert set(num_places) == {"white_space"}
    assert mended.split() == text.split()
