"""Documents, questions and steps for tests of the curation stages."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from data_tools.documents import DROPPED_FOLDER, Document, documents_writer, read_documents, read_rows, shards
from data_tools.keep import KEEP_FOLDER
from pipeline.artifact import Artifact
from pipeline.output import InlineFanout, Output
from pipeline.stage import CheckContext, Inputs, Resources, Stage

CONTEXT = CheckContext("recipes/geo.yaml: step curate", "geo", ("CC0-1.0",), "laptop")
_NOUNS = ("river", "granite", "valley", "layer", "fault", "basin", "mineral", "sample", "crystal", "glacier", "cliff")
_VERBS = ("shows", "covers", "crosses", "follows", "reaches", "holds", "changes", "records", "leaves", "forms", "marks")
_ENDS = ("near the coast", "after the flood", "in the north", "below the old mine", "to the west", "for some time")


def prose(seed: int, num_sentences: int = 12) -> str:
    """Return English prose that repeats little: about 12 words per sentence, unlike that of any other seed."""
    rng = random.Random(seed)
    sentences = [
        f"The {rng.choice(_NOUNS)} of site {rng.randint(100, 9_999)} {rng.choice(_VERBS)} the {rng.choice(_NOUNS)} "
        f"and {rng.choice(_VERBS)} a {rng.choice(_NOUNS)} {rng.choice(_ENDS)}."
        for _ in range(num_sentences)
    ]
    return " ".join(sentences)


def document(id: str, text: str, corpus: str = "rocks", domain: str = "geo", **more: str) -> Document:
    return Document(id, text, corpus, domain, "CC0-1.0", **{"source": f"{id}.txt", **more})


def artifact(path: Path, stage: str, kind: str, metrics: Mapping[str, Any], parameters: Mapping[str, Any]) -> Artifact:
    manifest = {
        "key": f"{path.name}key",
        "stage": stage,
        "kind": kind,
        "metrics": dict(metrics),
        "identity": {"parameters": dict(parameters)},
    }
    return Artifact(path, manifest)


def documents_artifact(
    path: Path, documents: Sequence[Document], num_shards: int = 1, stage: str = "clean"
) -> Artifact:
    for shard in range(num_shards):
        with documents_writer(path, shard) as writer:
            for row in documents[shard::num_shards]:
                writer.write(row)
    return artifact(path, stage, "documents", {"documents_out": len(documents)}, {})


def questions_artifact(path: Path, questions: Sequence[Mapping[str, Any]]) -> Artifact:
    """Write questions, each given by its id, question and choices at least; the first choice is right."""
    rows = [
        {"task": "t", "suite": "s", "kind": "choice", "answer": 0, "fact": question["id"], **question}
        for question in questions
    ]
    folder = path / "questions" / "test"
    folder.mkdir(parents=True)
    (folder / "t.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return artifact(path, "suites", "questions", {}, {})


def run(stage: Stage, path: Path, **inputs: Artifact | list[Artifact]) -> Artifact:
    """Run a stage inline and return what it made."""
    lists = {role: given if isinstance(given, list) else [given] for role, given in inputs.items()}
    metrics = stage.run(Inputs(lists), Output(path, Resources(), InlineFanout(), path.name))
    return artifact(path, stage.name, stage.gives, metrics, stage.model_dump(mode="json"))


def texts(made: Artifact) -> dict[str, str]:
    return {row.id: row.text for row in read_documents([made.path])}


def dropped(made: Artifact) -> dict[str, dict[str, Any]]:
    return {row["id"]: row for path in shards(made.path, DROPPED_FOLDER) for row in read_rows(path)}


def kept(made: Artifact) -> dict[str, tuple[str, str]]:
    """Return {id: (group, split)} over all shards of a keep-list."""
    rows = [row for path in sorted((made.path / KEEP_FOLDER).glob("*/*.parquet")) for row in read_rows(path)]
    return {row["id"]: (row["group"], row["split"]) for row in rows}


def published_files(made: Artifact) -> dict[str, bytes]:
    """Return every file that would be published, by name, without records of the run."""
    return {
        file.relative_to(made.path).as_posix(): file.read_bytes()
        for file in sorted(made.path.rglob("*"))
        if file.is_file() and not file.relative_to(made.path).as_posix().startswith((".", "metrics.jsonl"))
    }


def blocks(made: Artifact) -> list[dict[str, Any]]:
    return [json.loads(file.read_text()) for file in sorted((made.path / "blocks").glob("*.json"))]
