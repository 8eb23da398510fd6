"""OpenBookQA: elementary science facts applied (Mihaylov et al., arXiv 1809.02789)."""

from eval.suite import Suite
from eval.suites._rows import gauntlet

SUITE = Suite(
    name="openbook_qa",
    domain="general",
    license="Apache-2.0",
    source="https://github.com/mosaicml/llm-foundry (Eval Gauntlet)",
    files=("openbook_qa.jsonl",),
    read=gauntlet("openbook_qa", "openbook_qa.jsonl"),
)
