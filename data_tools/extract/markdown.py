"""Markdown (.md, .markdown): kept as it is written, without front matter and comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from data_tools.extract.plain import read_plain
from data_tools.extract.records import Found, ReadOptions, Record

_FRONT_MATTER = re.compile(r"\A\ufeff?---[ \t]*\n(?:[^\n]*\n){0,200}?(?:---|\.\.\.)[ \t]*\n")
_COMMENT = re.compile(r"<!--.{0,20000}?-->[ \t]*\n?", re.DOTALL)


def read_markdown(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record: the Markdown text itself, which language models read and write as such."""
    for found in read_plain(path, options):
        if isinstance(found, Record):
            first = found.position in ("", "#1")
            text = _FRONT_MATTER.sub("", found.text, count=1) if first and _is_yaml(found.text) else found.text
            yield replace(found, text=_COMMENT.sub("", text))
        else:
            yield found


def _is_yaml(text: str) -> bool:
    """Whether a text that begins with a rule begins with front matter: a key and a colon on its second line."""
    head = text.lstrip("\ufeff").split("\n", 2)
    return len(head) > 1 and re.match(r"[\w-]+:(\s|$)", head[1]) is not None
