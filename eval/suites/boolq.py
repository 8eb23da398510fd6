"""BoolQ: yes or no, from a passage (Clark et al., arXiv 1905.10044)."""

from eval.suite import Suite
from eval.suites._rows import gauntlet

SUITE = Suite(
    name="boolq",
    domain="general",
    license="CC-BY-SA-3.0",
    source="https://github.com/mosaicml/llm-foundry (Eval Gauntlet)",
    files=("boolq.jsonl",),
    read=gauntlet("boolq", "boolq.jsonl"),
)
