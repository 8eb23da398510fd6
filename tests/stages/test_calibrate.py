"""``strata calibrate``: from a folder or a step's output to a page, limits and the documents around them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from data_tools.documents import read_rows
from pipeline.__main__ import main
from tests.stages.curation_inputs import document, documents_artifact, prose


def test_a_folder_is_measured_and_written_about(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = tmp_path / "papers"
    texts.mkdir()
    for number in range(12):
        (texts / f"{number}.txt").write_text(prose(number, 4) + " <script>alert(1)</script>")
    (texts / "README.md").write_text("Not a document.")
    assert main(["calibrate", str(texts), "--rules", "geo"]) == 0
    out = tmp_path / "papers.calibration"
    printed = capsys.readouterr().out
    assert printed.startswith("corpus papers: 12 documents\n")
    assert printed.endswith(
        f"page    {out / 'calibration.html'}\nlimits  {out / 'limits.yaml'}\nnear    {out / 'near_limits.parquet'}\n"
    )
    page = (out / "calibration.html").read_text()
    assert page.count("<svg") == 30
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    limits = yaml.safe_load((out / "limits.yaml").read_text())["limits"]
    assert limits["gopher_quality.min_words"] > 20
    rows = list(read_rows(out / "near_limits.parquet"))
    assert {row["corpus"] for row in rows} == {"papers"}
    assert {row["limit"] for row in rows} == {"profile", "proposed"}


def test_a_steps_output_is_measured_by_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    documents = [document(f"d{i}", prose(i), "rocks" if i % 2 else "maps") for i in range(8)]
    given = documents_artifact(tmp_path / "step", documents, num_shards=2)
    assert main(["calibrate", str(given.path), "--out", str(tmp_path / "out")]) == 0
    assert "corpus maps: 4 documents" in capsys.readouterr().out
    assert (tmp_path / "out" / "calibration.html").exists()


def test_what_cannot_be_measured_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibrate", str(tmp_path / "gone")]) == 2
    assert capsys.readouterr().err == (
        f"strata: {tmp_path / 'gone'}: does not exist. Give a folder of texts, or a step's output\n"
    )
    (tmp_path / "empty").mkdir()
    assert main(["calibrate", str(tmp_path / "empty")]) == 2
    assert "holds no document that can be measured. Give a folder of texts" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["calibrate", str(tmp_path / "empty"), "--max-documents", "-1"])
    assert "--max-documents: must be a whole number from 1 on, got '-1'" in capsys.readouterr().err
