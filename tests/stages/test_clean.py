"""The clean stage: every document is in, out or accounted for, and nothing depends on sharding."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from data_tools.documents import read_documents, read_rows
from data_tools.rules import LIMITS
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Hasher
from pipeline.stage import Estimate, Resources
from stages.clean.stage import CHANGES_FOLDER, STAGE, Clean
from tests.stages.curation_inputs import (
    CONTEXT,
    blocks,
    document,
    documents_artifact,
    dropped,
    prose,
    published_files,
    run,
    texts,
)

GERMAN = "Der Fluss ist nicht tief und die Berge sind auch nicht hoch, aber das Wasser wird im Winter kalt. " * 6
DOCUMENTS = [
    document("good", prose(1)),
    document("moji", prose(2) + " Zoë said – so.".encode().decode("latin-1")),
    document("mail", prose(3) + " Write to ann@rocks.example for it."),
    document("furniture", "We use cookies here.\n" + prose(4)),
    document("german", GERMAN),
    document("noise", " ".join(f"xq{i % 7}zvk wqpt jjxk zzq" for i in range(60)) + " vvxq" * 40),
    document("fragment", "The river of the site covers the granite and"),
    document("short", "The end."),
    document("one", "word"),
    document("empty", ""),
    document("huge", "a " * 3_000),
    document("repeated", "The same sentence again. " * 60),
]


def test_every_document_is_kept_or_dropped_with_rule_and_value(tmp_path: Path) -> None:
    given = documents_artifact(tmp_path / "given", DOCUMENTS, num_shards=3)
    made = run(Clean(rules="geo", max_characters=4_000), tmp_path / "made", documents=given)
    gone = dropped(made)
    assert set(texts(made)) == {"good", "moji", "mail", "furniture"}
    assert {id: row["rule"] for id, row in gone.items()} == {
        "german": "language",
        "noise": "gibberish",
        "fragment": "unfinished",
        "short": "gopher_repetition.max_top_2_gram_character_share",
        "one": "unfinished",
        "empty": "unfinished",
        "huge": "too_long",
        "repeated": "gopher_repetition.max_top_2_gram_character_share",
    }
    assert gone["german"]["detail"] == "de"
    assert gone["huge"]["value"] == 6_000
    assert all(row["value"] is not None and row["stage"] == "clean" for row in gone.values())
    assert gone["fragment"]["head"] == "The river of the site covers the granite and"
    assert made.metrics["documents_in"] == len(DOCUMENTS) == made.metrics["documents_out"] + len(gone)
    assert sum(made.metrics["dropped_by_rule"].values()) == len(gone)
    assert made.metrics["bytes_out"] == sum(len(text.encode()) for text in texts(made).values())


def test_repairs_are_made_and_listed(tmp_path: Path) -> None:
    given = documents_artifact(tmp_path / "given", DOCUMENTS)
    made = run(Clean(rules="geo"), tmp_path / "made", documents=given)
    found = texts(made)
    assert found["good"] == prose(1)
    assert found["moji"].endswith("Zoë said – so.")
    assert found["mail"].endswith("Write to [EMAIL] for it.")
    assert found["furniture"] == prose(4)
    rows = list(read_rows(made.path / CHANGES_FOLDER / "00000.parquet"))
    changes = {(row["id"], row["change"]): row["count"] for row in rows}
    assert changes["moji", "mojibake"] == changes["mail", "email"] == changes["furniture", "site_furniture"] == 1
    assert made.metrics["changed"]["email"] == 1
    tables = blocks(made)
    titles = ["Documents in and out, by rule", "Repairs and replacements", "Boilerplate"]
    assert [block["title"] for block in tables] == titles
    assert tables[0]["data"]["rows"][0] == ["in", 12, "100.0 %"]


def test_sharding_changes_nothing_and_runs_are_equal_to_the_byte(tmp_path: Path) -> None:
    results = []
    for num_shards in (1, 4):
        given = documents_artifact(tmp_path / f"given{num_shards}", DOCUMENTS, num_shards)
        made = run(Clean(rules="geo"), tmp_path / f"made{num_shards}", documents=given)
        results.append((texts(made), {id: (row["rule"], row["value"]) for id, row in dropped(made).items()}))
        again = run(Clean(rules="geo"), tmp_path / f"again{num_shards}", documents=given)
        assert published_files(made) == published_files(again)
    assert results[0] == results[1]


def test_finished_shards_are_not_cleaned_again(tmp_path: Path) -> None:
    given = documents_artifact(tmp_path / "given", DOCUMENTS, num_shards=2)
    first = run(Clean(rules="geo"), tmp_path / "made", documents=given)
    before = published_files(first)
    (given.path / "documents" / "00000.parquet").write_bytes(b"no longer readable")
    again = run(Clean(rules="geo"), tmp_path / "made", documents=given)
    assert {name: data for name, data in published_files(again).items() if not name.startswith("blocks/")} == {
        name: data for name, data in before.items() if not name.startswith("blocks/")
    }


def test_kinds_of_personal_data_are_a_parameter(tmp_path: Path) -> None:
    text = prose(5) + " Write to ann@rocks.example or call 415-555-0134. MRN: 1234567."
    given = documents_artifact(tmp_path / "given", [document("a", text)])
    none = run(Clean(rules="geo", personal_data=()), tmp_path / "none", documents=given)
    assert texts(none)["a"] == text
    medical = run(Clean(rules="medical"), tmp_path / "medical", documents=given)
    assert texts(medical)["a"].endswith("Write to [EMAIL] or call [PHONE]. MRN: [RECORD].")


REAL_TEXT = Path(__file__).resolve().parents[3] / "shared" / "data"


@pytest.mark.parametrize(
    ("folder", "rules", "most_dropped"),
    [
        ("geo/openstax_astronomy/text", "geo", 3),
        ("finance/fomc_minutes", "finance", 0),
        ("finance/openstax_finance/text", "finance", 1),
        ("medical/openstax_microbiology/text", "medical", 0),
    ],
)
def test_textbooks_and_minutes_survive_their_profile(
    folder: str, rules: str, most_dropped: int, tmp_path: Path
) -> None:
    if not (REAL_TEXT / folder).is_dir():
        pytest.skip(f"{REAL_TEXT / folder} is absent: real text is not part of the project")
    files = sorted((REAL_TEXT / folder).glob("*.txt"))[::4]
    read = [document(file.stem, file.read_text("utf-8", errors="replace")[:20_000]) for file in files]
    made = run(Clean(rules=rules), tmp_path / "made", documents=documents_artifact(tmp_path / "given", read))
    assert len(read) >= 30
    assert len(dropped(made)) <= most_dropped, dropped(made)


@pytest.mark.parametrize(
    ("stage", "message"),
    [
        (
            Clean(rules="geology"),
            r"step curate: rules: no profile of that name, got 'geology'. Use one of web, general",
        ),
        (Clean(language="xx"), r"step curate: language: is not known, got 'xx'\. Use one of en, af"),
        (Clean(personal_data=("name",)), r"personal_data: unknown kind, got 'name'\. Use some of email, phone"),
        (Clean(personal_data_actions={"email": "hide"}), r"unknown action, got 'hide'"),
        (
            Clean(personal_data_actions={"email": "pseudonymise"}),
            r"pseudonymise needs a secret of 16 .* Set the environment variable STRATA_PSEUDONYM_SECRET",
        ),
        (Clean(recogniser="/gone/model"), r"recogniser: /gone/model is no directory\. Give the directory of a local"),
        (Clean(limits={"gopher.words": 3}), r"limits: there is no such rule, got 'gopher\.words'"),
    ],
)
def test_wrong_parameters_are_told_before_anything_runs(stage: Clean, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        stage.check(CONTEXT)


def test_a_document_is_judged_by_what_its_corpus_declares(tmp_path: Path) -> None:
    formula = "\n".join(prose(seed, 3) for seed in range(4)) + " \\frac{a}{b} + {c}."
    documents = [
        document("declared", formula, domain="geo", meta='{"rules": "web"}'),
        document("domain", formula, domain="geo"),
        document("unknown", formula, domain="law"),
    ]
    made = run(Clean(), tmp_path / "made", documents=documents_artifact(tmp_path / "given", documents))
    assert {id: row["rule"] for id, row in dropped(made).items()} == {"declared": "c4.max_curly_brackets"}
    short = Clean(limits={"gopher_quality.min_words": 500})
    made = run(short, tmp_path / "short", documents=documents_artifact(tmp_path / "again", documents))
    assert {row["rule"] for row in dropped(made).values()} == {"gopher_quality.min_words"}
    assert {row["detail"] for row in dropped(made).values()} == {"limit 500"}


def test_limits_may_be_nested_as_dotted_overrides_give_them() -> None:
    nested = Clean(limits={"gopher_quality": {"min_words": 30}, "c4.min_sentences": None})  # type: ignore[dict-item]
    assert nested.limits == {"gopher_quality.min_words": 30, "c4.min_sentences": None}
    with pytest.raises(ValidationError):
        Clean(limits=[3])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh", "地质学家研究岩石的形成和年龄。" * 12),
        ("zh", "地质学家研究岩石的形成和年龄" * 12),  # no end, but too long to be a stump
        ("hi", "भूविज्ञानी चट्टानों का अध्ययन करते हैं और उनकी आयु बताते हैं।"),
        ("ar", "هل يدرس الجيولوجيون الصخور في الجبال البعيدة؟"),
        ("fr", "Il nous a dit alors : « Les roches de ce massif sont plus vieilles que la mer »"),
    ],
)
def test_a_finished_text_of_any_script_is_no_stump(tmp_path: Path, language: str, text: str) -> None:
    limits = {limit.name: None for limit in LIMITS}
    given = documents_artifact(tmp_path / "given", [document("a", text)])
    made = run(Clean(rules="general", language=language, limits=limits), tmp_path / "made", documents=given)
    assert list(texts(made)) == ["a"], dropped(made)


def test_a_stump_of_any_script_is_one(tmp_path: Path) -> None:
    given = documents_artifact(tmp_path / "given", [document("a", "地质学家研究岩石的形成和")])
    gone = dropped(run(Clean(language="zh"), tmp_path / "made", documents=given))
    assert (gone["a"]["rule"], gone["a"]["value"]) == ("unfinished", 12.0)


def test_half_a_surrogate_pair_in_meta_stays_an_escape(tmp_path: Path) -> None:
    given = documents_artifact(tmp_path / "given", [document("a", prose(1), meta='{"title": "bad \\ud83d"}')])
    made = run(Clean(rules="geo"), tmp_path / "made", documents=given)
    (row,) = read_documents([made.path])
    assert json.loads(row.meta)["title"] == "bad \ud83d"


def test_language_is_written_into_meta_beside_what_is_there(tmp_path: Path) -> None:
    documents = [document("a", prose(1), meta='{"title": "x"}'), document("b", prose(2), meta='{"language": "en-GB"}')]
    made = run(Clean(), tmp_path / "made", documents=documents_artifact(tmp_path / "given", documents))
    metas = {row.id: json.loads(row.meta) for row in read_documents([made.path])}
    assert metas["a"]["title"] == "x"
    assert metas["a"]["language_identified"] == "en"
    assert metas["a"]["language_confidence"] > 0.9
    assert "language" not in metas["a"]
    assert metas["b"]["language"] == "en-GB"  # what the source states stays, beside what its words tell
    assert metas["b"]["language_identified"] == "en"


def test_boilerplate_of_a_corpus_is_cut_to_one_copy_whatever_the_shards(tmp_path: Path) -> None:
    statement = (
        "These statements are no promises, and what comes to pass may differ from them in many ways. The reader is "
        "asked to weigh them with care, and to look at the risks that are named in the report of the year."
    )
    filings = [document(f"f{i}", f"{prose(i)}\n\n{statement}", "filings") for i in range(6)]
    few = [document(f"n{i}", f"{prose(10 + i)}\n\n{statement}", "notes") for i in range(3)]
    only = [document("only", statement, "filings")]
    results = []
    for num_shards in (1, 3):
        given = documents_artifact(tmp_path / f"given{num_shards}", [*filings, *few, *only], num_shards)
        made = run(Clean(rules="geo"), tmp_path / f"made{num_shards}", documents=given)
        found = texts(made)
        assert sum(statement in found[one.id] for one in filings if one.id in found) + ("only" in found) == 1
        assert all(statement in found[one.id] for one in few)
        assert made.metrics["changed"]["boilerplate"] == 6
        (table,) = [block for block in blocks(made) if block["title"] == "Boilerplate"]
        assert table["data"]["rows"] == [[statement[:200], 6]]
        results.append((found, {id: row["rule"] for id, row in dropped(made).items()}))
    assert results[0] == results[1]
    rare = run(Clean(rules="geo", boilerplate_share=0.99), tmp_path / "rare", documents=given)
    assert "boilerplate" in rare.metrics["changed"]  # all seven of seven hold it
    lone = documents_artifact(tmp_path / "lone", [*filings, *few, document("other", prose(40), "filings")])
    rare = run(Clean(rules="geo", boilerplate_share=0.99), tmp_path / "lone_made", documents=lone)
    assert "boilerplate" not in rare.metrics["changed"]
    huge = document("a0", f"{prose(50, 200)}\n\n{statement}", "filings")  # it will not be kept, so it keeps no copy
    given_huge = documents_artifact(tmp_path / "huge", [*filings, huge])
    kept_huge = texts(run(Clean(rules="geo", max_characters=5_000), tmp_path / "huge_made", documents=given_huge))
    assert "a0" not in kept_huge
    assert sum(statement in text for text in kept_huge.values()) == 1
    off = run(Clean(rules="geo", boilerplate_documents=0), tmp_path / "off", documents=given)
    assert all(statement in text for text in texts(off).values())


def test_personal_data_can_be_pseudonymised_or_cost_a_document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STRATA_PSEUDONYM_SECRET", "a secret that nobody knows")
    mail, number = " Write to ann@rocks.org for it.", " The SSN of Ann is 212-45-6789."
    documents = [
        document("one", prose(1) + mail),
        document("two", prose(2) + mail),
        document("ssn", prose(3) + number),
        document("many", prose(4) + mail * 4),
    ]
    stage = Clean(personal_data_actions={"email": "pseudonymise", "ssn": "drop"}, max_personal_data=3)
    stage.check(CONTEXT)
    given = documents_artifact(tmp_path / "given", documents)
    made = run(stage, tmp_path / "made", documents=given)
    found = {id: text.split("Write to ")[1].split()[0] for id, text in texts(made).items()}
    assert set(found) == {"one", "two"}
    assert found["one"] == found["two"] != "ann@rocks.org"
    gone = {id: (row["rule"], row["detail"], row["value"]) for id, row in dropped(made).items()}
    assert gone == {"ssn": ("personal_data", "ssn", 1.0), "many": ("personal_data", "hits", 4.0)}
    assert "a secret" not in str(stage.model_dump()) + str(stage.depends_on(Hasher()))
    monkeypatch.setenv("STRATA_PSEUDONYM_SECRET", "another secret, also long")
    assert stage.depends_on(Hasher()) != Clean().depends_on(Hasher())
    named = Clean(personal_data_actions={"email": "pseudonymise", "person": "drop"}, recogniser=str(tmp_path))
    named.check(CONTEXT)
    assert set(named.depends_on(Hasher())) == {"recogniser", "secret"}
    other = run(stage, tmp_path / "other", documents=given)
    assert found["one"] not in texts(other)["one"]


def test_scores_go_into_meta_and_may_cost_a_document(tmp_path: Path) -> None:
    from data_tools.worlds.engine import get_world
    from stages.scorer import ScorerStage

    sides = {world: list(get_world(world).documents(0, 60_000)) for world in ("geo", "finance")}
    seeds = {world: documents_artifact(tmp_path / world, found[:200]) for world, found in sides.items()}
    scorer = run(ScorerStage(), tmp_path / "scorer", positives=seeds["geo"], negatives=seeds["finance"])
    mixed = [*sides["geo"][200:230], *sides["finance"][200:230]]
    given = documents_artifact(tmp_path / "given", mixed)
    made = run(Clean(rules="geo"), tmp_path / "made", documents=given, scorers=scorer)
    scores = {row.id: json.loads(row.meta)["relevance"] for row in read_documents([made.path])}
    domain = {one.id: one.domain for one in mixed}
    assert {id: score > 0.5 for id, score in scores.items()} == {id: domain[id] == "geo" for id in scores}
    strict = run(
        Clean(rules="geo", min_scores={"relevance": 0.5}), tmp_path / "strict", documents=given, scorers=scorer
    )
    assert {domain[id] for id in texts(strict)} == {"geo"}
    assert {row["rule"] for row in dropped(strict).values() if row["detail"] == "limit 0.5"} == {"score.relevance"}
    with pytest.raises(
        StepError, match=r"min_scores: no scorer measures 'quality'; under needs.scorers there are: rel"
    ):
        run(Clean(min_scores={"quality": 0.5}), tmp_path / "wrong", documents=given, scorers=scorer)
    with pytest.raises(StepError, match=r"two scorers measure the same: relevance\. Name one of them"):
        run(Clean(), tmp_path / "twice", documents=given, scorers=[scorer, scorer])


def test_estimate_and_contract() -> None:
    STAGE().check(CONTEXT)
    estimate = Clean().estimate({"documents": [Estimate(text_bytes=6e6)]}, Resources())
    assert estimate.seconds == pytest.approx(2.4)
    assert Clean().estimate({"documents": [Estimate()]}, Resources()) == Estimate()
