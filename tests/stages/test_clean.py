"""The clean stage: every document is in, out or accounted for, and nothing depends on sharding."""

from __future__ import annotations

from pathlib import Path

import pytest

from data_tools.documents import read_rows
from pipeline.errors import RecipeError
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
    } | {"short": gone["short"]["rule"], "repeated": gone["repeated"]["rule"]}
    assert gone["short"]["rule"].startswith("gopher_")
    assert gone["repeated"]["rule"].startswith("gopher_repetition.")
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
    assert changes["moji", "mojibake"] == changes["mail", "email"] == changes["furniture", "boilerplate_lines"] == 1
    assert made.metrics["changed"]["email"] == 1
    tables = blocks(made)
    assert [block["title"] for block in tables] == ["Documents in and out, by rule", "Repairs and replacements"]
    assert tables[0]["data"]["rows"][0] == ["in", len(DOCUMENTS), "100.0 %"] or tables[0]["data"]["rows"][0][1] == 12


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
        (Clean(language="eo"), r"step curate: language: is not known, got 'eo'\. Use one of en, de"),
        (Clean(personal_data=("name",)), r"personal_data: unknown kind, got 'name'\. Use some of email, phone"),
    ],
)
def test_wrong_parameters_are_told_before_anything_runs(stage: Clean, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        stage.check(CONTEXT)


def test_estimate_and_contract() -> None:
    STAGE().check(CONTEXT)
    estimate = Clean().estimate({"documents": [Estimate(text_bytes=6e6)]}, Resources())
    assert estimate.seconds == pytest.approx(10)
    assert Clean().estimate({"documents": [Estimate()]}, Resources()) == Estimate()
