"""ARC, the challenge set: grade-school science questions (Clark et al., arXiv 1803.05457)."""

from eval.suite import Suite
from eval.suites._rows import gauntlet

SUITE = Suite(
    name="arc_challenge",
    domain="general",
    license="CC-BY-SA-4.0",
    source="https://github.com/mosaicml/llm-foundry (Eval Gauntlet)",
    files=("arc_challenge.jsonl",),
    read=gauntlet("arc_challenge", "arc_challenge.jsonl"),
)
