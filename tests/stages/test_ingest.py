"""The ingest stage: what it checks before anything runs, what it reads, and when it gives up."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from data_tools.documents import read_documents, read_rows, shards
from data_tools.extract.table_columns import column_names
from pipeline.artifact import Artifact, describe_files
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Hasher
from pipeline.output import InlineFanout, Output
from pipeline.recipe import Request, load
from pipeline.stage import CheckContext, Estimate, Inputs, Resources
from stages.ingest import Ingest

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared" / "data"
CONTEXT = CheckContext("recipes/geo.yaml: step domain_text", "geo", ("CC0-1.0", "CC-BY-4.0"), "laptop")
PROSE = "Granite is a plutonic rock. It cools slowly, so that its crystals are large enough to see.\n\n"


def ingest(path: Path | str = "", **more: Any) -> Ingest:
    own = {"path": str(path), "license": "CC-BY-4.0", "domain": "geo"} if path else {}
    return Ingest.model_validate({**own, **more})


def run(stage: Ingest, out: Path, inputs: Inputs | None = None) -> dict[str, Any]:
    return dict(stage.run(inputs or Inputs(), Output(out, Resources(), InlineFanout(), "domain_text")))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Good and bad files side by side."""
    root = tmp_path / "texts"
    (root / "deep" / "er").mkdir(parents=True)
    (root / ".git").mkdir()
    (root / ".git" / "hidden.txt").write_text("never read")
    for n in range(8):
        (root / f"good{n}.txt").write_text(f"{PROSE}Number {n}.\n")
    (root / "deep" / "er" / "page.md").write_text("# Basalt\n\n" + PROSE)
    (root / "records.jsonl").write_text('{"text": "one record"}\nnot json\n{"text": "another record"}\n')
    (root / "photo.jpg").write_bytes(b"\xff\xd8\xff\xe0")
    (root / "README.md").write_text("What this folder is.")
    (root / "legacy.txt").write_bytes("Prices in caf\xe9s rose \x96 slowly but surely, as always".encode("latin-1"))
    return root


def test_it_reads_the_good_and_lists_the_bad(folder: Path, tmp_path: Path) -> None:
    stage = ingest(folder)
    stage.check(CONTEXT)
    metrics = run(stage, tmp_path / "out")
    documents = list(read_documents([tmp_path / "out"]))
    assert metrics["documents_out"] == len(documents) == 12
    assert metrics["documents_in"] == 15
    assert metrics["dropped_by_rule"] == {"excluded": 1, "invalid_json": 1, "unsupported_format": 1}
    assert metrics["repaired"] == {"encoding cp1252": 1}
    assert metrics["bytes_out"] == sum(len(document.text.encode()) for document in documents)
    assert metrics["formats"]["jsonl"] == {"bad": 1, "documents": 2, "files": 1}
    dropped = [row for shard in shards(tmp_path / "out", "dropped") for row in read_rows(shard)]
    by_rule = {row["rule"]: row for row in dropped}
    assert by_rule["invalid_json"]["source"] == "records.jsonl:2"
    assert by_rule["invalid_json"]["head"] == "not json"
    assert by_rule["invalid_json"]["stage"] == "ingest"
    one = next(document for document in documents if document.source == "deep/er/page.md")
    assert (one.corpus, one.domain, one.license) == ("own_text", "geo", "CC-BY-4.0")
    assert json.loads(one.meta) == {"format": "markdown"}
    assert len({document.id for document in documents} | {row["id"] for row in dropped}) == 15
    assert not any("hidden" in document.source for document in documents)
    block = json.loads((tmp_path / "out" / "blocks" / "000.json").read_text())
    assert ["left out: invalid_json", None, None, 1] in block["data"]["rows"]
    assert "encoding cp1252: 1" in block["note"]


def test_ids_do_not_depend_on_where_the_folder_lies_or_how_it_is_sharded(folder: Path, tmp_path: Path) -> None:
    run(ingest(folder), tmp_path / "a")
    moved = tmp_path / "elsewhere"
    folder.rename(moved)
    metrics = run(ingest(moved, shard_bytes=200), tmp_path / "b")
    assert len(shards(tmp_path / "b")) > 3
    assert metrics["documents_out"] == 12
    assert list(read_documents([tmp_path / "a"])) == list(read_documents([tmp_path / "b"]))


def test_the_output_is_the_same_bytes_in_every_process(folder: Path, tmp_path: Path) -> None:
    (folder / "page.html").write_text(f"<html><body><nav>menu</nav><h1>Slate</h1>{f'<p>{PROSE}</p>' * 5}</body></html>")
    (folder / "notes.rst").write_text(f"Notes\n=====\n\n{PROSE}\n.. purpose::\n\n   {PROSE}")
    code = (
        "import sys; from pathlib import Path; from stages.ingest import Ingest;"
        "from pipeline.output import InlineFanout, Output; from pipeline.stage import Inputs, Resources;"
        "stage = Ingest(path=sys.argv[1], license='MIT', domain='geo');"
        "stage.run(Inputs(), Output(Path(sys.argv[2]), Resources(), InlineFanout(), 'x'))"
    )
    digests = set()
    for seed in ("1", "2"):
        out = tmp_path / seed
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        subprocess.run([sys.executable, "-c", code, str(folder), str(out)], cwd=ROOT, env=environment, check=True)
        (out / ".progress.json").unlink()
        digests.add(describe_files(out)["digest"])
    assert len(digests) == 1


def test_a_finished_shard_is_not_read_again(folder: Path, tmp_path: Path) -> None:
    stage = ingest(folder, shard_bytes=200)
    first = run(stage, tmp_path / "out")
    kept = shards(tmp_path / "out")[0]
    stamp = kept.stat().st_mtime_ns
    shards(tmp_path / "out")[-1].unlink()
    memory = sorted((tmp_path / "out" / ".map" / "shards").iterdir())[-1]
    memory.unlink()
    assert run(stage, tmp_path / "out") == first
    assert kept.stat().st_mtime_ns == stamp
    assert len(list(read_documents([tmp_path / "out"]))) == 12


def test_a_single_file_is_a_folder_of_one(tmp_path: Path) -> None:
    (tmp_path / "book.txt").write_text(PROSE * 3000)
    metrics = run(ingest(tmp_path / "book.txt"), tmp_path / "out")
    documents = list(read_documents([tmp_path / "out"]))
    assert metrics["documents_out"] == len(documents) > 10
    assert documents[0].source == "book.txt#1"
    assert json.loads(documents[0].meta)["parts"] == len(documents)
    assert "".join(document.text for document in documents) == PROSE * 3000


def test_too_many_bad_files_fail_the_step_with_counts_by_reason(folder: Path, tmp_path: Path) -> None:
    for n in range(4):
        (folder / f"broken{n}.txt.gz").write_bytes(b"\x1f\x8b\x08\0broken")
    with pytest.raises(
        StepError,
        match=r"step domain_text: 5 of 17 files and records are bad, more than max_bad_share 0\.1 allows: "
        r"(truncated|broken_gzip) 4 \(such as broken0\.txt\.gz: .*invalid_json 1 .*\. "
        r"All are listed in .*/out/left_out\.tsv\. Mend or remove them, or raise the share: \w+\.max_bad_share=0\.5",
    ):
        run(ingest(folder), tmp_path / "out")
    listed = (tmp_path / "out" / "left_out.tsv").read_text().splitlines()
    assert len(listed) >= 5
    assert [line.split("\t")[0] for line in listed if "broken" in line] == [f"broken{n}.txt.gz" for n in range(4)]
    assert run(ingest(folder, max_bad_share=0.5), tmp_path / "more")["documents_out"] == 12


def test_a_long_table_does_not_hide_lost_files(tmp_path: Path) -> None:
    """30 of 5,110 files and records are bad, but 29 of 110 files; what is no text, or not asked for, is not bad."""
    root = tmp_path / "texts"
    root.mkdir()
    (root / "table.csv").write_text("text,kind\n" + "a row about rocks,a\n" * 5000 + '"bad" row,a\n')
    (root / "other.jsonl").write_text('{"text": "x", "kind": "b"}\n')
    for n in range(90):
        (root / f"good{n}.txt").write_text(PROSE)
        (root / f"photo{n}.jpg").touch()
    for n in range(29):
        (root / f"bad{n}.txt").write_bytes(b"\0\1\2")
    stage = ingest(root, exclude=["good1*"], fields={"where": {"kind": ["a"]}})
    with pytest.raises(
        StepError,
        match=r"step domain_text: 29 of 110 files hold nothing that can be read, more than max_bad_share 0\.1 allows:"
        r" binary 29 \(such as bad0\.txt: holds binary data, not text\); invalid_csv 1 .* are listed in .*\.tsv\.",
    ):
        run(stage, tmp_path / "out")
    metrics = run(stage.model_copy(update={"max_bad_share": 0.27}), tmp_path / "more")
    assert metrics["dropped_by_rule"] == {"binary": 29, "excluded": 11, "invalid_csv": 1, "unsupported_format": 90}


def test_a_file_that_cannot_be_read_is_listed_and_costs_itself(folder: Path, tmp_path: Path) -> None:
    for name in ("gone.txt", "gone.parquet"):
        (folder / name).symlink_to(tmp_path / "nowhere" / name)
    stage = ingest(folder, max_bad_share=0.3)
    stage.check(CONTEXT)
    assert stage.depends_on(Hasher())["corpora"]["own_text"]["content"]["files"] == 15
    assert (stage.estimate({}, Resources()).text_bytes or 0) > 0
    metrics = run(stage, tmp_path / "out")
    assert (metrics["documents_out"], metrics["dropped_by_rule"]["unreadable"]) == (12, 2)
    dropped = [row for shard in shards(tmp_path / "out", "dropped") for row in read_rows(shard)]
    assert {row["source"]: row["detail"] for row in dropped if row["rule"] == "unreadable"} == dict.fromkeys(
        ("gone.txt", "gone.parquet"), "cannot be read: No such file or directory"
    )


def test_names_and_words_that_are_not_utf_8_are_read_and_shown(tmp_path: Path) -> None:
    root = tmp_path / "texts"
    root.mkdir()
    good = {b"caf\xe9.txt": b"one", b"caf\xe8.txt": b"two", b"z\xe9.txt.gz": gzip.compress(b"three"),
            b"y\xe9.jsonl": b'{"text": "four", "id": "\\ud800"}\n{"\\ud800": 1}\n', b"x.\xe9": b"five"}  # fmt: skip
    for name, data in good.items():
        (root / os.fsdecode(name)).write_bytes(data)
    stage = ingest(root, max_bad_share=0.5, fields={"id": "id"})
    stage.check(CONTEXT)
    stage.depends_on(Hasher())
    run(stage, tmp_path / "out")
    documents = list(read_documents([tmp_path / "out"]))
    assert {document.source: document.text for document in documents} == {
        r"caf\udce9.txt": "one", r"caf\udce8.txt": "two", r"z\udce9.txt.gz": "three", r"y\udce9.jsonl:1": "four"
    }  # fmt: skip
    assert len({document.id for document in documents}) == 4
    rows = {row["source"]: row["detail"] for shard in shards(tmp_path / "out", "dropped") for row in read_rows(shard)}
    assert rows == {
        r"x.\udce9": r"no reader for .\udce9",
        r"y\udce9.jsonl:2": r"field 'text' must hold text, got nothing; it has \ud800",
    }


def test_a_folder_read_in_the_wrong_way_fails_with_the_fields_it_has(tmp_path: Path) -> None:
    (tmp_path / "qa.jsonl").write_text('{"question": "What?", "answer": "That."}\n' * 5)
    with pytest.raises(
        StepError, match=r"missing_text_field 5 .*field 'text' must hold text, got nothing; it has question"
    ):
        run(ingest(tmp_path / "qa.jsonl"), tmp_path / "out")
    run(ingest(tmp_path / "qa.jsonl", fields={"text": ["question", "answer"]}), tmp_path / "right")
    assert next(read_documents([tmp_path / "right"])).text == "What?\n\nThat."


def test_an_archive_is_read_like_a_folder(folder: Path, tmp_path: Path) -> None:
    packed = tmp_path / "packed"
    packed.mkdir()
    shutil.make_archive(str(packed / "papers"), "gztar", folder)
    with zipfile.ZipFile(packed / "more.zip", "w") as archive:
        archive.writestr("a/notes.txt", PROSE * 800)
        archive.writestr("../up.txt", PROSE)
    stage = ingest(packed, max_bad_share=0.2)
    stage.check(CONTEXT)
    assert (stage.estimate({}, Resources()).text_bytes or 0) > 2_000
    metrics = run(stage, tmp_path / "out")
    plain = run(ingest(folder), tmp_path / "plain")
    documents = {document.source: document for document in read_documents([tmp_path / "out"])}
    for document in read_documents([tmp_path / "plain"]):
        assert documents[f"papers.tar.gz:{document.source}"].text == document.text
    assert {source for source in documents if source.startswith("more")} == {
        f"more.zip:a/notes.txt#{part}" for part in range(1, metrics["documents_out"] - plain["documents_out"] + 1)
    }
    assert len({document.id for document in documents.values()}) == metrics["documents_out"]
    assert metrics["formats"] == {
        **plain["formats"],
        "text": {"bad": 1, "documents": metrics["formats"]["text"]["documents"], "files": 11},
        "tar": {"files": 1},
        "zip": {"files": 1},
    }
    assert metrics["dropped_by_rule"] == {**plain["dropped_by_rule"], "unsafe_path": 1}
    few = run(ingest(packed, max_archive_files=3, max_bad_share=1), tmp_path / "few")
    assert few["dropped_by_rule"]["too_large"] == 1
    (packed / "plain.txt").write_text(PROSE)
    small = run(ingest(packed, max_archive_bytes=1000, max_bad_share=1), tmp_path / "small")
    assert small["dropped_by_rule"]["too_large"] == 2


def test_marks_and_the_folder_that_parts_may_lie_in_reach_the_readers(tmp_path: Path) -> None:
    texts = tmp_path / "texts"
    (texts / "paper").mkdir(parents=True)
    (texts / "shared.tex").write_text("A \\emph{shared} part, $x^2$.")
    paper = "\\documentclass{article}\\begin{document}The paper. \\input{../shared}\\end{document}"
    (texts / "paper" / "main.tex").write_text(paper)
    for marks, formula in ((False, "$x^2$"), (True, "[START_FORMULA] x^2 [END_FORMULA]")):
        run(ingest(texts, marks=marks), tmp_path / str(marks))
        found = {document.source: document.text for document in read_documents([tmp_path / str(marks)])}
        assert f"The paper. A shared part, {formula}" in found["paper/main.tex"]


STATED = [
    {"text": "Stated and declared.", "license": "CC BY 4.0"},
    {"text": "Stated, and not declared.", "license": "CC-BY-NC-4.0"},
    {"text": "Stated by nobody."},
]


def test_a_document_that_states_another_licence_than_its_corpus_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, STATED)))
    declared = "CC-BY-4.0 AND CC0-1.0"
    metrics = run(ingest(tmp_path, license=declared, fields={"license": "license"}), tmp_path / "out")
    assert [(one.text, one.license, one.meta) for one in read_documents([tmp_path / "out"])] == [
        ("Stated and declared.", "CC-BY-4.0", '{"format": "jsonl"}'),
        ("Stated by nobody.", declared, '{"format": "jsonl"}'),
    ]
    assert metrics["dropped_by_rule"] == {"other_license": 1}
    assert metrics["formats"]["jsonl"] == {"documents": 2, "files": 1}  # it is not bad
    (row,) = (row for shard in shards(tmp_path / "out", "dropped") for row in read_rows(shard))
    assert row["detail"] == f"states the licence CC-BY-NC-4.0, and its corpus is declared as {declared}"
    assert (row["head"], row["source"]) == ("Stated, and not declared.", "a.jsonl:2")
    block = json.loads((tmp_path / "out" / "blocks" / "000.json").read_text())
    assert ["left out: other_license", None, None, 1] in block["data"]["rows"]


def test_a_corpus_whose_rights_the_user_vouches_for_keeps_what_documents_state(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, STATED)))
    declared = "CC-BY-4.0 AND LicenseRef-Internal"
    run(ingest(tmp_path, license=declared, fields={"license": "license"}), tmp_path / "out")
    assert [(one.license, json.loads(one.meta)) for one in read_documents([tmp_path / "out"])] == [
        ("CC-BY-4.0", {"format": "jsonl"}),
        (declared, {"format": "jsonl", "stated_license": "CC-BY-NC-4.0"}),
        (declared, {"format": "jsonl"}),
    ]


def test_a_template_is_checked_against_the_first_tables(tmp_path: Path) -> None:
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "samples.csv").write_text("sample,rock_type,place\nS1,granite,\n")
    good = ingest(folder, fields={"template": "{sample} is a {rock_type}[[ from {place}]]."})
    good.check(CONTEXT)
    run(good, tmp_path / "out")
    assert [one.text for one in read_documents([tmp_path / "out"])] == ["S1 is a granite."]
    for template, hint in (
        ("{sample} is a {rock_typ}.", "'rock_typ'. Did you mean 'rock_type'?"),
        ("{depth}", "'depth'. It has sample, rock_type, place"),
    ):
        with pytest.raises(RecipeError) as error:
            ingest(folder, fields={"template": template}).check(CONTEXT)
        assert f"step domain_text: fields.template: {folder}/samples.csv has no column {hint}" in str(error.value)
    ingest(folder, fields={"template": "{sample}[[ from {depth}]]"}).check(CONTEXT)
    (folder / "depths.csv").write_text("depth\n12\n")
    ingest(folder, fields={"template": "{depth}"}).check(CONTEXT)  # one table has it


@pytest.mark.parametrize("suffix", ["csv", "tsv.gz", "parquet", "arrow", "jsonl"])
def test_the_columns_of_a_table_are_seen_without_reading_it(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    table = pa.table({"text": ["x"], "n": [1]})
    if suffix == "parquet":
        pq.write_table(table, path)
    elif suffix == "arrow":
        with pa.ipc.new_stream(path, table.schema) as writer:
            writer.write_table(table)
    else:
        text = "text\tn\nx\t1\n" if suffix == "tsv.gz" else "text,n\nx,1\n"
        path.write_bytes(gzip.compress(text.encode()) if suffix == "tsv.gz" else text.encode())
    assert column_names(path) == ([] if suffix == "jsonl" else ["text", "n"])
    path.write_bytes(b"\x1f\x8b broken")
    assert column_names(path) == [] or suffix == "csv"


def test_files_without_a_suffix_and_archives_are_not_refused_before_anything_runs(tmp_path: Path) -> None:
    for name in ("notes", "2001.00001", "papers.tgz", "papers.zip"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).touch()
        ingest(tmp_path / name).check(CONTEXT)


def test_nothing_selected_fails_the_step(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"text": "x", "kind": "b"}\n')
    stage = ingest(tmp_path / "a.jsonl", fields={"where": {"kind": ["a"]}})
    with pytest.raises(StepError, match="step domain_text: no document was read: nothing was selected"):
        run(stage, tmp_path / "out")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda root: ingest(), "nothing to read. Name 'corpora', or give a folder as 'path'"),
        (lambda root: ingest(root, license=""), "license: is missing for .*Say under which licence you hold this text"),
        (lambda root: ingest(root, domain=""), "domain: is missing for .*Set it to 'general' or to 'geo'"),
        (lambda root: ingest(root, license="public domain"), "license: is not .*Did you mean LicenseRef-PublicDomain"),
        (lambda root: ingest(root, license="CC-BY-NC-4.0"), "corpus 'own_text' has the licence CC-BY-NC-4.0, which the "
         r"recipe does not allow \(licenses: CC0-1.0, CC-BY-4.0\). Add CC-BY-NC-4.0 to the recipe's 'licenses'"),
        (lambda root: ingest(root, license="CC-BY"), "corpus 'own_text' .*Did you mean CC-BY-4.0. CC-BY is no usual "),
        (lambda root: ingest(corpora=["pubmed_open"]), "corpus 'pubmed_open' has the licence .*Add CC-BY-SA-4.0 to"),
        (lambda root: ingest(corpora=["geo_wrld"]), "corpus 'geo_wrld': there is no such .*Did you mean geo_world"),
        (lambda root: ingest(corpora=["geo_world", "geo_world"]), "corpus 'geo_world' is named twice"),
        (lambda root: ingest(root / "none"), "path: .*none does not exist. Give a folder of texts"),
        (lambda root: ingest(root / "empty"), "path: .*empty holds no file. Give a folder of texts"),
        (lambda root: ingest(root / "photos"), r"path: .*holds no readable file, only \.jpg, \.mp4\. Readable: \.txt"),
        (lambda root: ingest(root / "readme"), r"path: .*readme holds only files that 'exclude' names \(LICENSE, "
         r"README\.md\)\. Give a folder of texts, or name fewer files in 'exclude'"),
        (lambda root: ingest(root / ("x" * 300)), r"path: .*xxx cannot be read \(File name too long\)\. Give a folder"),
        (lambda root: ingest(corpora=["geo.world"]), "corpus 'geo.world': there is no such .*Did you mean geo_world"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_before_anything_runs(tmp_path: Path, make: Any, message: str) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.jpg").touch()
    (tmp_path / "photos" / "b.mp4").touch()
    (tmp_path / "photos" / "README.md").touch()
    (tmp_path / "readme").mkdir()
    (tmp_path / "readme" / "README.md").touch()
    (tmp_path / "readme" / "LICENSE").touch()
    with pytest.raises(RecipeError, match=f"^recipes/geo.yaml: step domain_text: {message}"):
        make(tmp_path).check(CONTEXT)


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ('corpus_name="My Text"', "corpus_name: must be lower-case letters, .*, got 'My Text'"),
        (
            "path=~nosuchuser/x",
            r"path: is no path that can be followed \(Could not determine home .*, got '~nosuchuser/x'",
        ),
        ("path=LOOP", r"path: is no path that can be followed \(Symlink loop .*, got '.*/loop'"),
    ],
)
def test_a_name_or_path_that_cannot_be_is_told_with_its_step(tmp_path: Path, override: str, message: str) -> None:
    (tmp_path / "loop").symlink_to("loop")
    given = f"domain_text.{override}".replace("LOOP", str(tmp_path / "loop"))
    with pytest.raises(RecipeError, match=f"domain_text.{message}"):
        load(Request("geo", "laptop", overrides=[given]), machine_profile="laptop")


def test_a_relative_path_is_resolved_where_the_recipe_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    stage = ingest("texts")
    assert stage.path == str(tmp_path / "texts")
    assert Ingest.model_validate(stage.model_dump(mode="json")) == stage


def test_the_identity_follows_content_not_names_of_time(folder: Path) -> None:
    def identity(stage: Ingest) -> Any:
        return stage.depends_on(Hasher())["corpora"]["own_text"]["content"]

    before = identity(ingest(folder))
    os.utime(folder / "good0.txt", (1, 1))
    assert identity(ingest(folder)) == before
    (folder / "good0.txt").write_text("changed")
    assert identity(ingest(folder)) != before
    named = ingest(corpora=["pes2o_geology"]).depends_on(Hasher())["corpora"]["pes2o_geology"]
    assert named["source"]["revision"] == "297747513bfb0ff1fbf61ddad3b03319d0f04597"


WORLD = """
from data_tools.corpus import Corpus, WorldSource
CORPUS = Corpus(name="small", domain="geo", license="CC0-1.0", source=WorldSource(world="geo", num_tokens=4000))
"""


def test_a_world_is_written_in_shards(tmp_path: Path) -> None:
    pytest.importorskip("data_tools.worlds.geo")
    (tmp_path / "small.py").write_text(WORLD)
    stage = ingest(corpora=["small"], corpus_folders=[str(tmp_path)])
    stage.check(CONTEXT)
    metrics = run(stage, tmp_path / "out")
    words = sum(len(document.text.split()) for document in read_documents([tmp_path / "out"]))
    assert 3000 < words * 1.3 < 6000
    assert metrics["documents_by_corpus"] == {"small": metrics["documents_out"]}
    other = ingest(corpora=["small"], corpus_folders=[str(tmp_path)], seed=1, num_tokens=2000)
    fewer = run(other, tmp_path / "other")
    assert fewer["documents_out"] < metrics["documents_out"]
    first, second = (next(read_documents([tmp_path / name])) for name in ("out", "other"))
    assert first.text != second.text
    assert (first.corpus, first.domain, first.license) == ("small", "geo", "CC0-1.0")


def test_a_hub_corpus_is_read_from_what_was_fetched(tmp_path: Path) -> None:
    data = tmp_path / "raw" / "data" / "pes2o_geology"
    data.mkdir(parents=True)
    rows = [
        {"id": "1", "text": "A paper about ophiolites.", "created": "2001-02-03",
         "metadata": {"s2fieldsofstudy": ["Geology"], "oa_license": "CCBY"}},
        {"id": "2", "text": "A paper about poems.", "metadata": {"s2fieldsofstudy": ["Art"]}},
    ]  # fmt: skip
    (data / "peS2o-0000.json.gz").write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    stage = ingest(corpora=["pes2o_geology"])
    artifact = Artifact(tmp_path / "raw", {})
    metrics = run(stage, tmp_path / "out", Inputs(raw=[artifact]))
    (document,) = read_documents([tmp_path / "out"])
    assert (metrics["documents_out"], metrics["not_selected"]) == (1, 1)
    assert (document.text, document.date, document.source) == (
        "A paper about ophiolites.",
        "2001-02-03",
        "peS2o-0000.json.gz:1",
    )
    assert json.loads(document.meta) == {"format": "json", "id": "1", "metadata.oa_license": "CCBY"}
    with pytest.raises(
        StepError, match=r"corpus 'pes2o_geology' is on the Hub and was not fetched. Add a step of stage"
    ):
        run(stage, tmp_path / "again")


def test_estimates_come_from_sizes(folder: Path) -> None:
    own = ingest(folder).estimate({}, Resources())
    assert own.text_bytes == pytest.approx(sum(f.stat().st_size for f in folder.glob("good*.txt")), rel=0.5)
    world = ingest(corpora=["geo_world"], num_tokens=1_000_000).estimate({}, Resources())
    assert world.num_tokens == 1_000_000
    assert world.seconds is not None
    assert world.seconds < 60
    hub = ingest(corpora=["pes2o_geology"]).estimate({}, Resources())
    assert hub.num_tokens == pytest.approx(0.02 * 43.3e9)
    fetched = ingest(corpora=["pes2o_geology"]).estimate({"raw": [Estimate(1e6, 10, 2e5)]}, Resources())
    assert (fetched.num_tokens, fetched.text_bytes) == (2e5, 1e6)


@pytest.mark.parametrize(
    ("name", "documents", "most_bad"),
    [
        ("geo/gutenberg", 150, 0),
        ("geo/gpg_textbook", 110, 3),
        ("finance/fomc_minutes", 230, 0),
        ("raw/fed_speech_html", 120, 0),
    ],
)
def test_real_text_is_read(name: str, documents: int, most_bad: int, tmp_path: Path) -> None:
    if not (SHARED / name).is_dir():
        pytest.skip(f"needs real text in {SHARED / name}")
    metrics = run(ingest(SHARED / name), tmp_path / "out")
    bad = metrics["documents_in"] - metrics["documents_out"]
    harmless = sum(metrics["dropped_by_rule"].get(rule, 0) for rule in ("excluded", "unsupported_format"))
    assert metrics["documents_out"] >= documents
    assert bad - harmless <= most_bad
