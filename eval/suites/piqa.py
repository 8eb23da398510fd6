"""PIQA: how to do everyday things (Bisk et al., arXiv 1911.11641)."""

from eval.suite import Suite
from eval.suites._rows import gauntlet

SUITE = Suite(
    name="piqa",
    domain="general",
    license="AFL-3.0",
    source="https://github.com/mosaicml/llm-foundry (Eval Gauntlet)",
    files=("piqa.jsonl",),
    read=gauntlet("piqa", "piqa.jsonl"),
)
