"""The model card, drawn from manifests: what the model is made of, how it was chosen, what was measured."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from data_tools.documents import shards
from pipeline.artifact import Artifact

_SHOWN_LIBRARIES = ("torch", "transformers", "trl", "peft", "mergekit", "deepspeed", "datatrove", "lm-eval", "ray")
HOW = {
    "merged": "merged: what continued pre-training learnt, added to the instruction-tuned base",
    "cpt": "continued pre-training of the base",
    "sft": "continued pre-training of the base, then instruction tuning",
}


def corpora_of(documents: Sequence[Artifact]) -> dict[str, str]:
    """Return the licence of every corpus among the documents, by name; several are joined by commas."""
    import pyarrow.parquet as pq

    found: dict[str, set[str]] = {}
    for artifact in documents:
        for shard in shards(artifact.path):
            table = pq.read_table(shard, columns=["corpus", "license"]).group_by(["corpus", "license"]).aggregate([])
            for row in table.to_pylist():
                found.setdefault(row["corpus"], set()).add(row["license"] or "not stated")
    return {name: ", ".join(sorted(licenses)) for name, licenses in sorted(found.items())}


def card(
    scores: Mapping[str, Any],
    published: str,
    reason: str,
    headline: Sequence[str],
    *,
    made_by: Artifact,
    scored_by: Artifact,
    documents: Sequence[Artifact] = (),
    mixture: Artifact | None = None,
) -> str:
    """Return ``README.md``: a YAML header and Markdown; nothing in it depends on the time or the machine."""
    corpora = corpora_of(documents)
    parts = [
        _header(scores, corpora),
        f"# {scores['domain']} model, {published}\n",
        f"How it was made: {HOW[published]}. {reason}\n",
        "```\n" + "\n".join(headline) + "\n```\n",
        "## Scores on test\n",
        _table(scores, published),
        "Changes are against the base; brackets hold 95 % intervals of the paired bootstrap.\n",
    ]
    parts += [line + "\n" for line in _training(published, made_by, mixture)]
    if corpora:
        rows = "\n".join(f"| {name} | {license_} |" for name, license_ in corpora.items())
        parts.append(f"## Text\n\n| corpus | licence |\n|---|---|\n{rows}\n")
    parts.append(_origin(scored_by))
    parts.append(_use())
    return "\n".join(parts)


def _header(scores: Mapping[str, Any], corpora: Mapping[str, str]) -> str:
    lines = [
        "library_name: transformers",
        "pipeline_tag: text-generation",
        "tags:",
        "- strata",
        f"- {scores['domain']}",
    ]
    licenses = sorted(set(corpora.values()))
    if licenses:
        # the Hub's field takes one of its own names; the texts' licences are listed below
        lines += ["license: other", f"license_name: {json.dumps('text: ' + ', '.join(licenses))}"]
    return "---\n" + "\n".join(lines) + "\n---\n"


def _table(scores: Mapping[str, Any], published: str) -> str:
    sections = [(f"{part} text, bits per byte", scores["text"][part], "text") for part in scores["text"]]
    sections += [
        (f"{group.replace('_', ' ')} questions", scores["groups"][group], "questions") for group in scores["groups"]
    ]
    lines = ["| model | " + " | ".join(title for title, _, _ in sections) + " |", "|---|" + "---:|" * len(sections)]
    for name in scores["models"]:
        cells = [_cell(section["models"][name], kind, name == scores["base"]) for _, section, kind in sections]
        shown = f"**{name}**" if name == published else name
        lines.append(f"| {shown} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _cell(found: Mapping[str, Any], kind: str, is_base: bool) -> str:
    value = found["second"]["value"]
    shown = f"{value:.4f}" if kind == "text" else f"{100 * value:.1f} %"
    if is_base:
        return shown
    change = found["relative" if kind == "text" else "difference"]
    low, high = 100 * change["low"], 100 * change["high"]
    return f"{shown} ({100 * change['value']:+.1f}{' %' if kind == 'text' else ''} [{low:+.1f}, {high:+.1f}])"


def _training(published: str, made_by: Artifact, mixture: Artifact | None) -> Iterator[str]:
    facts = []
    if mixture is not None:
        chosen = json.loads((mixture.path / "mixture.json").read_text("utf-8"))
        how = ""
        if not chosen.get("trusted", True):
            how = " (the recipe's default: the fitted law is not trusted)"
        elif chosen["interval"]:
            how = " (interval {:.3f} to {:.3f})".format(*chosen["interval"])
        facts.append(f"- share of domain text: {chosen['domain_share']:.3f}{how}")
    if published == "merged":
        metrics = made_by.metrics
        facts.append(f"- {metrics['formula']}, lambda {metrics['coefficient']:g}: {metrics['reason']}")
        facts += [
            f"  - {one['name']}: domain {one['domain_bits_per_byte']:.4f}, general {one['general_bits_per_byte']:.4f} "
            "bits per byte"
            + ("" if one["domain_accuracy"] is None else f", {one['domain_accuracy']:.1%} of the domain's questions")
            + " (dev)"
            for one in metrics["candidates"]
        ]
    else:
        parameters = {name: value for name, value in made_by.parameters.items() if not isinstance(value, (dict, list))}
        facts.append("- " + ", ".join(f"{name} {value}" for name, value in sorted(parameters.items())))
    yield "## Training\n\n" + "\n".join(facts)


def _origin(scored_by: Artifact) -> str:
    origin = scored_by.manifest.get("provenance", {})
    versions = origin.get("versions", {})
    shown = [f"{name} {versions[name]}" for name in _SHOWN_LIBRARIES if name in versions]
    lines = [f"- scores: artifact {scored_by.key}"]
    if origin.get("commit"):
        lines.append(f"- Strata at commit {origin['commit']}" + (" with local changes" if origin.get("dirty") else ""))
    if shown:
        lines.append("- " + ", ".join(shown))
    return "## Origin\n\n" + "\n".join(lines) + "\n"


def _use() -> str:
    return (
        "## Use\n\n```python\nfrom transformers import AutoModelForCausalLM, AutoTokenizer\n\n"
        'model = AutoModelForCausalLM.from_pretrained("path/to/this/folder")\n'
        'tokenizer = AutoTokenizer.from_pretrained("path/to/this/folder")\n```\n'
    )


def write_card(folder: Path, text: str) -> None:
    """Write ``README.md``."""
    (folder / "README.md").write_text(text, "utf-8")
