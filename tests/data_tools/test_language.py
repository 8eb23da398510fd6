"""Language and gibberish: running text in another language or in none is told from English."""

# ruff: noqa: E501  (one sentence is one line)

from __future__ import annotations

import random
from pathlib import Path

import pytest
from py3langid.langid import MODEL_FILE, LanguageIdentifier

from data_tools.language import (
    LANGUAGES,
    NO_LANGUAGE,
    NUM_WINDOWS,
    UNDETERMINED,
    WINDOW_CHARACTERS,
    Language,
    common_pair_share,
    identify,
    identify_all,
)
from data_tools.planting.foreign import LANGUAGES as PLANTED
from data_tools.planting.foreign import foreign_text, gibberish
from data_tools.worlds.engine import get_world
from tests.stages.curation_inputs import prose

REAL_TEXT = Path(__file__).resolve().parents[3] / "shared" / "data"

SENTENCES = {
    "af": "Die kinders speel elke middag langs die rivier, en hulle moeder roep hulle eers saans as die kos gereed is.",
    "ar": "يلعب الأطفال كل يوم بعد الظهر على ضفة النهر، ولا تناديهم أمهم إلا في المساء عندما يكون الطعام جاهزا.",
    "cs": "Děti si každé odpoledne hrají u řeky a matka je zavolá teprve večer, když je jídlo hotové a otec je doma.",
    "da": "Børnene leger hver eftermiddag ved åen, og deres mor kalder først på dem om aftenen, når maden er færdig.",
    "el": "Τα παιδιά παίζουν κάθε απόγευμα δίπλα στο ποτάμι και η μητέρα τους τα φωνάζει μόνο όταν είναι έτοιμο το φαγητό.",
    "eu": "Haurrek arratsaldero ibaiaren ondoan jolasten dute, eta amak ez die deitzen afaria prest dagoen arte.",
    "fi": "Lapset leikkivät joka iltapäivä joen rannalla, ja äiti kutsuu heidät kotiin vasta illalla, kun ruoka on valmista.",
    "he": "הילדים משחקים כל יום אחר הצהריים ליד הנהר, ואמם קוראת להם רק בערב, כאשר האוכל מוכן ואביהם חוזר מן העבודה.",
    "hi": "बच्चे हर दोपहर नदी के किनारे खेलते हैं, और उनकी माँ उन्हें शाम को ही बुलाती है, जब खाना तैयार हो जाता है।",
    "hu": "A gyerekek minden délután a folyó partján játszanak, és az anyjuk csak este hívja őket, amikor kész a vacsora.",
    "id": "Anak-anak bermain di tepi sungai setiap sore, dan ibu mereka baru memanggil mereka ketika makanan sudah siap.",
    "ja": "子供たちは毎日午後になると川のそばで遊び、夕方になって食事の用意ができると、母親が家に帰るように呼びます。",
    "ko": "아이들은 매일 오후 강가에서 놀고, 저녁이 되어 식사가 준비되면 어머니가 집으로 돌아오라고 아이들을 부릅니다.",
    "la": "Pueri cotidie ad flumen ludunt, sed mater eos non vocat nisi cum cena parata est et pater ex agris redit.",
    "pt": "As crianças brincam todas as tardes junto ao rio, e a mãe só as chama à noite, quando a comida já está pronta.",
    "sw": "Watoto hucheza kila siku mchana kando ya mto, na mama yao huwaita jioni tu wakati chakula kiko tayari.",
    "tr": "Çocuklar her öğleden sonra nehrin kenarında oynar, anneleri de onları ancak akşam yemek hazır olunca çağırır.",
    "uk": "Діти щодня після обіду граються біля річки, а мати кличе їх додому лише ввечері, коли вечеря вже готова.",
    "vi": "Trẻ con chơi bên bờ sông mỗi buổi chiều, và mẹ chúng chỉ gọi chúng về khi trời tối và cơm đã dọn sẵn.",
    "zh": "孩子们每天下午都在河边玩耍，直到晚上饭菜准备好了，父亲也从田里回来了，母亲才叫他们回家吃饭。",
}


@pytest.mark.parametrize("code", SENTENCES)
def test_one_sentence_is_enough(code: str) -> None:
    found = identify(SENTENCES[code])
    assert found.share_of(code) == 1.0
    assert found.confidence > 0.9
    twice = identify(f"{SENTENCES[code]} {SENTENCES[code]}")
    assert twice.is_other_than("en")
    assert not twice.is_other_than(code)


@pytest.mark.parametrize("code", sorted(PLANTED))
def test_other_languages_are_named(code: str) -> None:
    for seed in range(10):
        text = foreign_text(code, random.Random(seed))
        for written in (text, text.upper()):
            found = identify(written)
            assert found.is_other_than("en")
            assert not found.is_other_than(code)
            assert found.shares == {code: 1.0}


def test_the_model_says_what_its_library_says() -> None:
    from data_tools.language_model import LanguageModel

    library = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    texts = [
        *SENTENCES.values(),
        *(prose(seed)[:250].upper() for seed in range(20)),
        "e\u0301te\u0301 " * 9,
        "",
        "\ud800",
    ]
    found = LanguageModel.load((), {}).probabilities(texts)
    for text, probabilities in zip(texts, found, strict=True):
        expected = dict(library.rank(text))
        assert probabilities == pytest.approx([expected[label] for label in library.labels], abs=1e-5)


def test_a_text_is_judged_the_same_beside_others() -> None:
    texts = [*SENTENCES.values(), *(prose(seed) for seed in range(20)), "", "Tectonics"]
    assert identify_all(texts) == [identify(text) for text in texts]
    assert identify_all([]) == []


def test_every_language_of_the_model_can_be_declared() -> None:
    from data_tools.language import _model

    assert set(_model().labels) == {*LANGUAGES, NO_LANGUAGE}
    assert len(LANGUAGES) == len(set(LANGUAGES)) >= 90
    assert all(len(code) == 2 for code in LANGUAGES)


def test_the_worlds_are_english() -> None:
    for name in ("geo", "finance", "medical", "general"):
        for document in get_world(name).documents(0, 20_000):
            found = identify(document.text)
            assert not found.is_other_than("en"), document.text
            assert found.code in ("en", UNDETERMINED, NO_LANGUAGE)


def test_english_stays_english() -> None:
    quoted = prose(1) + " He wrote: der Fluss ist nicht tief, und die Berge sind auch nicht hoch."
    names = "Rio de Janeiro, Los Angeles, La Paz, El Paso, Las Vegas, San Jose, Costa del Sol and Le Havre are " * 5
    species = "Bacillus anthracis\nBacillus cereus\nListeria monocytogenes\nTaenia saginata\nTinea pedis\n" * 8
    table = "| Basalt | 2.9 | 45.1 |\n| Granite | 2.7 | 72.0 |\n" * 20
    markup = '<td align="left" valign="middle"><xbrli:member id="c-52">us-gaap:CashMember</xbrli:member></td>\n' * 30
    formulas = r"$\oint_C {\bf E} \cdot d{\bf l} = -i\omega \int_A {\bf B} \cdot \hat n \, da$ " * 20
    greek = (
        "Please send it to Λεωφόρος Αλεξάνδρας 12, Αθήνα, and write to the office when the parcel has arrived there."
    )
    for text in (
        prose(0),
        prose(0).upper(),
        quoted,
        names,
        species,
        table,
        markup,
        formulas,
        greek,
        "2.7 3.1 " * 50,
        "",
    ):
        assert not identify(text).is_other_than("en"), text[:80]
    assert identify(prose(0).upper()).code == identify(greek).code == "en"


def test_no_words_and_nothing_to_tell() -> None:
    for text in ("", "  \n", "2.7 3.1 4.4 " * 100, "$x^2$ = {} <b> </b>"):
        assert identify(text) == Language(NO_LANGUAGE, 0.0)
    assert identify("Tectonics") == Language(UNDETERMINED, 0.0)


def test_too_little_text_is_not_another_language() -> None:
    german = "Das Haus ist alt, aber der Garten ist noch älter."
    assert identify(german).code == "de"
    assert not identify(german).is_other_than("en")
    assert identify(german * 3).is_other_than("en")


def test_shares_of_a_mixed_text() -> None:
    german = [foreign_text("de", random.Random(seed))[:600] for seed in range(10)]
    english = [prose(seed)[:600] for seed in range(10)]
    mixed = identify("\n\n".join(english[:7] + german[:3]))
    assert mixed.code == "en"
    assert mixed.shares["de"] == pytest.approx(0.3, abs=0.1)
    assert sum(mixed.shares.values()) == pytest.approx(1.0, abs=1e-3)
    assert not mixed.is_other_than("en")
    assert mixed.is_other_than("de")
    found = identify("\n\n".join(english[:3] + german[:7]))
    assert found.is_other_than("en")
    assert found.share_of("en") == pytest.approx(0.3, abs=0.1)
    assert found.code == "de"


def test_languages_that_cannot_be_separated_are_one() -> None:
    found = Language("bs", 0.9, 500, {"bs": 0.8, "hr": 0.2})
    assert [found.is_other_than(code) for code in ("hr", "sr", "bs", "sl")] == [False, False, False, True]


def test_work_is_bounded() -> None:
    """A text is judged by its windows alone: what lies between them is not read."""
    window = prose(3)[:WINDOW_CHARACTERS]
    length = 1_000_000
    text = list("x" * length)
    for number in range(NUM_WINDOWS):
        start = number * (length - WINDOW_CHARACTERS) // (NUM_WINDOWS - 1)
        text[start : start + WINDOW_CHARACTERS] = window
    found = identify("".join(text))
    assert found.code == "en"
    assert found.num_bytes <= NUM_WINDOWS * WINDOW_CHARACTERS


@pytest.mark.parametrize("text", ["a" * 100_000, "\ud800" * 500, "\0" * 500, "中" * 5_000, "é " * 5_000, "-" * 9_999])
def test_odd_text_does_no_harm(text: str) -> None:
    assert 0.0 <= identify(text).confidence <= 1.0
    assert 0.0 <= common_pair_share(text) <= 1.0


def test_real_english_is_kept() -> None:
    folder = REAL_TEXT / "geo" / "openstax_astronomy" / "text"
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: real text is not part of the project")
    for file in sorted(folder.glob("*.txt"))[::4]:
        text = file.read_text("utf-8")
        pieces = [text[at : at + 2_000] for at in range(0, min(len(text), 8_000), 2_000)]
        assert not any(identify(piece).is_other_than("en") for piece in pieces)


def test_letters_of_words_and_of_nonsense() -> None:
    for seed in range(20):
        rng = random.Random(seed)
        assert common_pair_share(prose(seed)) > 0.85
        assert common_pair_share(prose(seed).upper()) == common_pair_share(prose(seed).lower())
        assert common_pair_share(prose(seed).split()) == common_pair_share(prose(seed))
        assert common_pair_share(gibberish("letters", "", rng)) < 0.5
        assert common_pair_share(gibberish("shuffled", prose(seed), rng)) < 0.7
    minerals = ["plagioclase", "pyroxene", "hornblende", "staurolite", "kyanite", "chalcopyrite", "wollastonite"]
    assert common_pair_share(minerals * 3) > 0.75


def test_pairs_are_counted_inside_words() -> None:
    assert common_pair_share("the " * 50) == 1.0
    assert common_pair_share("thq " * 50) == 0.5
    assert common_pair_share("t h e " * 500) == common_pair_share("xq zx") == common_pair_share([]) == 1.0
    assert common_pair_share("qx1xq " * 50) == 0.0
