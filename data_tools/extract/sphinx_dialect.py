"""What Sphinx and its extensions add to reStructuredText, taught to docutils: roles and directives by other names.

A source is looked through for names that docutils does not know. A role of such a name gives its text, a directive
its content, parsed where it stands; what is no prose (``toctree``) goes. Known directives are taught to take the
options that Sphinx gives them, of which only those that matter to a text are kept.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from docutils.nodes import Node

_ROLE = re.compile(r":(?P<name>[A-Za-z][\w:+.-]*):`")
_DIRECTIVE = re.compile(r"^[ \t>*-]*\.\.[ \t]+(?:\|[^|\n]+\|[ \t]+)?(?P<name>[A-Za-z][\w:+.-]*)::", re.MULTILINE)
_LABELLED = re.compile(r"(?P<title>.*?)\s*<(?P<label>[^<>]*)>\Z", re.DOTALL)
_NOT_PROSE = (
    "autoclass", "autofunction", "automethod", "automodule", "autosummary", "bibliography", "currentmodule", "graphviz",
    "index", "inheritance-diagram", "ipython", "jupyter-execute", "literalinclude", "plot", "program-output",
    "tabularcolumns", "todo", "todolist", "toctree", "uml", "youtube",
)  # fmt: skip
_KEPT_OPTIONS = {
    "math": ("label", "name"),
    "figure": ("name", "figname"),
    "image": (),
    "table": ("name",),
    "list-table": ("header-rows", "stub-columns", "name"),
    "csv-table": ("header-rows", "stub-columns", "header", "delim", "quote", "escape", "keepspace", "name"),
    "code": (),
    "code-block": (),
    "sourcecode": (),
    **dict.fromkeys(
        ("note", "warning", "tip", "hint", "important", "caution", "danger", "error", "attention", "admonition",
         "sidebar", "topic", "rubric", "container", "epigraph", "pull-quote", "highlights", "compound"), ()
    ),
}  # fmt: skip
PROSE_ARGUMENT_WORDS = 4
"""What stands behind an unknown directive's ``::`` is text from so many words on: ``.. versionadded:: 3.1`` is not."""


def teach(source: str) -> None:
    """Make docutils know every role and directive that ``source`` uses, as far as their text goes."""
    from docutils.parsers.rst import directives, roles
    from docutils.parsers.rst.languages import en

    roles._roles.clear()  # a role that one file defines must not be known in the next
    for name in {match["name"].lower() for match in _ROLE.finditer(source)} - en.roles.keys():
        roles.register_local_role(name, _role)
    for name in {match["name"].lower() for match in _DIRECTIVE.finditer(source)}:
        if name in _KEPT_OPTIONS:
            directives.register_directive(name, _with_any_options(name, en.directives[name]))
        elif name not in en.directives:
            directives.register_directive(name, _prose_directive(name in _NOT_PROSE))


def _role(
    name: str, rawtext: str, text: str, lineno: int, inliner: Any, options: Any = None, content: Any = ()
) -> tuple[list[Node], list[Node]]:
    """Return an inline node with the role's text, its ``role`` and its ``label``: ``:ref:`title <label>```."""
    from docutils import nodes, utils

    text = utils.unescape(text)
    labelled = _LABELLED.match(text)
    title, label = (labelled["title"], labelled["label"]) if labelled else ("", text)
    found = nodes.inline(rawtext, title or ("" if labelled else text))
    found["role"], found["label"], found["titled"] = name.lower().split(":")[-1], label.strip(), bool(title)
    return [found], []


class _AnyOption(dict[str, Any]):
    """An option table in which every name stands, for what is taken as it is written."""

    def __missing__(self, name: str) -> Any:
        return lambda value: value or ""

    def __bool__(self) -> bool:
        return True


def _with_any_options(name: str, canonical: str) -> Any:
    from docutils.parsers.rst import directives

    module, class_name = directives._directive_registry[canonical]
    known = getattr(__import__(f"docutils.parsers.rst.directives.{module}", fromlist=[class_name]), class_name)
    kept = _KEPT_OPTIONS[name]
    own = known.option_spec or {}

    def run(self: Any) -> list[Node]:
        label = self.options.get("label") or self.options.get("name") or self.options.get("figname") or ""
        self.options = {option: value for option, value in self.options.items() if option in kept and option in own}
        found: list[Node] = known.run(self)
        if label and found and hasattr(found[0], "attributes"):
            found[0].attributes["label"] = label
        return found

    spec = _AnyOption({option: own[option] for option in kept if option in own})
    return type(f"Tolerant{class_name}", (known,), {"option_spec": spec, "run": run})


def _prose_directive(dropped: bool) -> Any:
    from docutils import nodes
    from docutils.parsers.rst import Directive

    class Prose(Directive):
        """A directive whose content is text like any other."""

        optional_arguments = 1
        final_argument_whitespace = True
        has_content = True
        option_spec = _AnyOption()

        def run(self) -> list[Node]:
            if dropped:
                return []
            found = nodes.container()
            argument = self.arguments[0] if self.arguments else ""
            if len(argument.split()) >= PROSE_ARGUMENT_WORDS:
                text, _ = self.state.inline_text(argument, self.lineno)
                found += nodes.paragraph(argument, "", *text)
            self.state.nested_parse(self.content, self.content_offset, found, match_titles=0)
            return [found]

    return Prose
