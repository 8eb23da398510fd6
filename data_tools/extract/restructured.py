"""reStructuredText (.rst): parsed by docutils and written out as plain text.

Nothing is included from other files and no raw block is passed on. Sphinx's roles and directives are unknown to
docutils: the text of a role is kept, a reference without a title becomes the words of its label, a citation goes; what
stands in an unknown directive is kept unless it is no prose (``toctree``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

from data_tools.extract.encoding import decode, plain_lines
from data_tools.extract.records import Found, ReadOptions, Record, Unreadable
from data_tools.extract.streams import blocks, checked, whole

_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "warning_stream": False,
    "_disable_config": True,
    "doctitle_xform": False,
    "smart_quotes": False,
    "line_length_limit": 1_000_000,
    "math_output": "LaTeX",
}
_ROLE = re.compile(r":(?P<role>[\w:+.-]+):`(?P<title>[^`<]*?)\s*(?:<(?P<label>[^`>]*)>)?`")
_CITATIONS = ("cite", "footcite", "index")
_REFERENCES = ("ref", "numref", "eq", "doc", "any")
_LOST_DIRECTIVE = re.compile(r'(?:Unknown directive type|Error in) "(?P<name>[^"]+)"')
_NOT_PROSE = frozenset({"automodule", "autosummary", "bibliography", "index", "ipython", "plot", "toctree"})
_DIRECTIVE_HEAD = re.compile(r"\A\s*\.\.[^\n]*::(?P<argument>[^\n]*)\n?")
_OPTION = re.compile(r"^[ \t]+:[\w-]+:[^\n]*\n?", re.MULTILINE)
_SKIPPED = frozenset(
    {"citation_reference", "colspec", "comment", "decoration", "docinfo", "footnote_reference", "image", "label"}
    | {"meta", "pending", "raw", "substitution_definition", "target"}
)
_INLINE_BLOCKS = ("paragraph", "title", "subtitle", "term", "caption", "rubric", "attribution", "line", "field_name")


def read_restructured(path: Path, options: ReadOptions) -> Iterator[Found]:
    """Yield one record: the document's text, with headings, lists, tables and formulas."""
    data = whole(checked(blocks(path, options.max_file_bytes)), options.max_markup_bytes)
    source, encoding = decode(data)
    text = restructured_text(plain_lines(source))
    if not text:
        raise Unreadable("empty", "holds no text once its markup is taken away")
    yield Record(text, repaired=(f"encoding {encoding}",) if encoding else ())


def restructured_text(source: str) -> str:
    """Return the plain text of a reStructuredText source."""
    import docutils.core
    from docutils.parsers.rst import roles

    roles._roles.clear()  # a role that one file defines must not be known in the next
    tree = docutils.core.publish_doctree(source, settings_overrides=_SETTINGS)
    return re.sub(r"\n{3,}", "\n\n", "\n\n".join(_written(tree))).strip()


def _written(node: Any) -> list[str]:
    """Return the blocks of text below ``node``."""
    name = type(node).__name__
    if name == "system_message":
        return _lost_directive(node)
    if name in _SKIPPED:
        return []
    if name in _INLINE_BLOCKS:
        return _filled(_inline(node))
    if name in ("literal_block", "math_block", "doctest_block"):
        return _filled(node.astext())
    if name == "list_item":
        written = _written_below(node)
        return [f"- {written[0]}", *written[1:]] if written else []
    if name == "row":
        return _filled(" | ".join(" ".join(_written_below(entry)) for entry in node.children))
    if name in ("thead", "tbody"):
        return _filled("\n".join(line for row in node.children for line in _written(row)))
    if name in ("bullet_list", "enumerated_list") and all(len(item.children) == 1 for item in node.children):
        return _filled("\n".join(_written_below(node)))
    return _written_below(node)


def _lost_directive(node: Any) -> list[str]:
    """Return the prose inside a directive that docutils does not know or refuses, parsed on its own."""
    lost = _LOST_DIRECTIVE.search(node.astext())
    source = next((child.astext() for child in node.children if type(child).__name__ == "literal_block"), "")
    head = _DIRECTIVE_HEAD.match(source)
    if lost is None or head is None or lost["name"].lower() in _NOT_PROSE:
        return []
    return _filled(restructured_text(dedent(_OPTION.sub("", source[head.end() :]))))


def _text_of_role(match: re.Match[str]) -> str:
    role, title = match["role"].split(":")[0], match["title"]
    if role in _CITATIONS:
        return ""
    if role in _REFERENCES and (not match["label"] or "%s" in title):
        return re.sub(r"[_\-/.]+", " ", match["label"] or title).strip()
    return title


def _written_below(node: Any) -> list[str]:
    return [block for child in node.children for block in _written(child)]


def _filled(text: str) -> list[str]:
    return [text] if text.strip() else []


def _inline(node: Any) -> str:
    """Return a paragraph's text on one line; the text of unknown roles stays, bare references go."""
    parts = []
    for child in node.children:
        name = type(child).__name__
        if name == "problematic":
            parts.append(_ROLE.sub(_text_of_role, child.astext()))
        elif name not in _SKIPPED:
            parts.append(_inline(child) if child.children and name != "math" else child.astext())
    return re.sub(r"\s+", " ", "".join(parts)).strip() if type(node).__name__ in _INLINE_BLOCKS else "".join(parts)
