"""The documentation holds true: its commands are typed, its names looked up, its tables compared with the code.

``.venv/bin/python -m tests.test_docs`` prints the tables that docs/cleaning.md must hold.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from data_tools.boilerplate import MAX_LOST_SHARE, MIN_DATED_WORDS, MIN_WORDS_LEFT
from data_tools.contamination import OVERLAP_RULES
from data_tools.corpus import Corpus, Fields
from data_tools.exempt import EXEMPT
from data_tools.extract.dispatch import ARCHIVES, READERS
from data_tools.language import MIN_JUDGED_BYTES
from data_tools.privacy import ACTIONS, GENERAL_KINDS, KINDS, PLACEHOLDERS, RECOGNISED_KINDS, policy_for
from data_tools.privacy.policy import GENERALISED_KINDS, MIN_SECRET_CHARACTERS
from data_tools.quality import MIN_PROSE_WORDS
from data_tools.repair import REPAIRS
from data_tools.rules import LIMITS, PROFILES
from pipeline.__main__ import _rejoined, build_parser, main
from pipeline.plugins import Registry, commands
from pipeline.recipe_file import RECIPES, read_file
from stages.clean.stage import SECRET_VARIABLE, Clean

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WALK = ROOT / "docs" / "adding-a-corpus.md"
CLEANING = ROOT / "docs" / "cleaning.md"
HOME, CHECKOUT = "/home/you", "/home/you/strata"
"""What the walk calls the reader's home and checkout."""

SUFFIXES = ("md", "py", "yaml", "json", "jsonl", "html", "parquet", "txt", "gz")
NO_STEPS = ("place", "metadata", "out", "strata")
"""What else than a step stands before a dot: fields of records, what a stage is given, the entry point's group."""

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_VARYING = re.compile(r"\b\d+\.\d+ s\b")


def blocks(page: Path, language: str) -> list[str]:
    return [body for kind, body in _FENCE.findall(page.read_text("utf-8")) if kind == language]


# --- The walk -----------------------------------------------------------------------------------------------------


class Typed(NamedTuple):
    """One command of the walk and the output lines that the page shows."""

    command: str
    shown: list[str]


def typed() -> Iterator[Typed]:
    for block in blocks(WALK, "console"):
        assert block.startswith("$ ")
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            lines = part.rstrip("\n").split("\n")
            num_more = next((n for n, line in enumerate(lines[1:]) if not line.startswith("> ")), len(lines) - 1)
            command = "\n".join([lines[0], *(line.removeprefix("> ") for line in lines[1 : num_more + 1])])
            yield Typed(command, lines[num_more + 1 :])


def tidy(text: str) -> list[str]:
    return [" ".join(_VARYING.sub("# s", line).split()) for line in text.rstrip("\n").split("\n")]


def check_output(shown: list[str], printed: str) -> None:
    """Every shown line was printed, in order; lines, or a line's end, are missing only where ``...`` stands."""
    lines, place, may_skip = tidy(printed), 0, False
    for line in tidy("\n".join(shown)):
        if line == "...":
            may_skip = True
            continue
        begin, may_go_on = line.removesuffix("...").rstrip(), line.endswith("...")
        fits = [n for n in range(place, len(lines)) if lines[n].startswith(begin) and (may_go_on or lines[n] == line)]
        assert fits, f"not printed: {line!r}\nin\n{printed}"
        assert may_skip or fits[0] == place, f"printed before {line!r}: {lines[place]!r}"
        place, may_skip = fits[0] + 1, False
    assert may_skip or place == len(lines), f"printed after the shown output: {lines[place:]}"


class Reader:
    """Someone who types what the walk shows, with a home and a checkout of their own."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home, self.checkout, self._capsys = home, home / "strata", capsys
        shutil.copytree(RECIPES, self.checkout / "recipes")
        (self.checkout / "data_tools" / "corpora").mkdir(parents=True)

    def type(self, command: str) -> str:
        words = shlex.split(command)
        if words[0] == "make":
            words = strata_command(words)
        if words[0] == ".venv/bin/python":
            done = subprocess.run([sys.executable, *words[1:]], capture_output=True, text=True, check=True)
            return done.stdout
        assert words[0] in ("strata", ".venv/bin/strata")
        code = main([os.path.expanduser(word) for word in self._contained(words[1:])])
        printed, errors = self._capsys.readouterr()
        assert code == 0, errors
        without_logs = re.sub(r"^--- .*\n", "", printed, flags=re.MULTILINE)  # under Ray, steps write these into files
        return without_logs.replace(str(self.home), HOME)

    def _contained(self, words: list[str]) -> list[str]:
        """Return a command's words with the options that keep it inside this checkout, and off Ray."""
        if words[0] == "new-domain":
            return [*words, "--recipes", "recipes", "--corpora", "data_tools/corpora"]
        if words[0] in ("run", "plan"):
            executor = ["--executor", "inline"] if words[0] == "run" else []
            return [words[0], f"recipes/{words[1]}.yaml", *words[2:], "--runs", "runs", *executor]
        return words

    def start_again(self) -> None:
        for file in ("recipes/law.yaml", "data_tools/corpora/law_text.py"):
            (self.checkout / file).unlink(missing_ok=True)


def strata_command(words: list[str]) -> list[str]:
    """Return the command that make would hand to the shell, as the shell would part it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    made = subprocess.run(
        ["make", "-n", *words[1:]], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    return shlex.split(made.stdout.strip().split("\n")[-1])


@pytest.fixture
def reader(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Reader:
    one = Reader(tmp_path.resolve(), capsys)
    monkeypatch.setenv("HOME", str(one.home))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.chdir(one.checkout)
    folder = blocks(WALK, "sh")[0]
    subprocess.run(["bash", "-eu", "-c", folder], check=True)
    return one


def test_the_walk_prints_what_the_page_shows(reader: Reader) -> None:
    corpus_file = reader.checkout / "data_tools" / "corpora" / "law_text.py"
    by_hand = blocks(WALK, "python")[0]
    num_typed = 0
    for command, shown in typed():
        if command.startswith("strata new-domain"):
            reader.start_again()
        check_output(shown, reader.type(command))
        num_typed += 1
        if num_typed == 1:
            written = corpus_file.read_text("utf-8").replace(str(reader.home), HOME)
            template = next(line for line in by_hand.splitlines() if "fields=" in line) + "\n"
            assert by_hand.replace(template, "").replace("Fields, ", "") == written
            corpus_file.write_text(by_hand.replace(HOME, str(reader.home)), "utf-8")
    assert num_typed == 9
    kept = yaml.safe_load((reader.home / "law" / "corpus.yaml").read_text("utf-8"))
    assert Corpus.model_fields.keys() > kept.keys()


def test_reading_leaves_out_the_row_that_the_page_says(reader: Reader) -> None:
    for command, _ in list(typed())[:3]:
        reader.type(command)
        by_hand = blocks(WALK, "python")[0].replace(HOME, str(reader.home))
        (reader.checkout / "data_tools" / "corpora" / "law_text.py").write_text(by_hand, "utf-8")
    manifest = json.loads(reader.type("strata show law domain_text"))
    assert manifest["metrics"]["dropped_by_rule"] == {"missing_value": 1}


def test_a_value_with_a_space_comes_whole_through_make() -> None:
    value = "clean_domain.limits={gopher_quality.min_words: 10}"
    command = strata_command(["make", "plan", "recipe=law", f"set={value}"])
    assert _rejoined(command[command.index("--set") + 1 :]) == [value]


def test_the_described_corpus_holds_all_fields() -> None:
    given = yaml.safe_load(blocks(WALK, "yaml")[0])
    assert Fields.model_fields.keys() - {"template"} == given["fields"].keys()
    assert Corpus.model_fields.keys() - {"source", "citation"} == given.keys()
    Corpus.model_validate({**given, "source": {"kind": "folder", "path": "texts"}})


def test_every_suffix_that_is_read_stands_on_the_page() -> None:
    page = WALK.read_text("utf-8")
    assert {suffix for suffix in (*READERS, *ARCHIVES) if f"`{suffix}`" not in page} == set()


def test_every_rule_of_bad_input_is_one_that_readers_give() -> None:
    page = WALK.read_text("utf-8")
    rows = re.findall(r"^\| (`.*?) \|", page[page.index("| rule | when |") :], re.MULTILINE)
    rules = {rule for row in rows for rule in _CODE.findall(row)}
    source = "".join(path.read_text("utf-8") for path in (ROOT / "data_tools" / "extract").rglob("*.py"))
    assert len(rules) > 40
    rules -= {f"broken_{name}" for name in ("gzip", "bz2", "xz", "zstd")}  # put together from the compression's name
    assert 'f"broken_{' in source
    assert {rule for rule in rules if f'"{rule}"' not in source} == set()


# --- Commands, parameters and links on every page -----------------------------------------------------------------


@cache
def stages_of_steps() -> dict[str, str]:
    """Return the stage of every step of the built-in recipes, in any profile; a stage's name stands for itself."""
    found = {name: name for name in Registry().names()}
    for path in sorted(RECIPES.glob("*.yaml")):
        values = read_file(path)
        for steps in (values.get("steps") or {}, *(values.get("profiles") or {}).values()):
            found |= {name: given["stage"] for name, given in steps.items() if given and "stage" in given}
    return found


def check_parameter(dotted: str) -> None:
    """``step.parameter``, deeper where the parameter has fields or resources; a rule of the cleaning by its name."""
    step, *names = dotted.split(".")
    model: Any = Registry().get(stages_of_steps()[step], "docs")
    if names[0] == "resources":
        model, names = model.resources_type, names[1:]
    for name in names:
        assert name in model.model_fields, f"{dotted}: there is no parameter {name!r}"
        model = model.model_fields[name].annotation
        if not hasattr(model, "model_fields"):
            break


def check_override(override: str) -> None:
    name, equals, value = override.partition("=")
    assert equals, f"{override!r} is no STEP.PARAMETER=VALUE"
    check_parameter(name)
    try:
        given = yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise AssertionError(f"{override!r} is no YAML: is it quoted twice?") from error
    if name.endswith(".limits"):  # a dotted name goes on to the limit itself
        assert set(given) <= {limit.name for limit in LIMITS}


def commands_on(page: Path) -> Iterator[str]:
    """Yield every make and strata command of a page, in a block or between backticks."""
    text = page.read_text("utf-8")
    lines = [line for kind, body in _FENCE.findall(text) if kind in ("sh", "console") for line in body.splitlines()]
    for code in [*lines, *_CODE.findall(_FENCE.sub("", text))]:
        found = re.search(r"(?:^|\$ |-- |[A-Z]=\S+ )((?:\.venv/bin/)?(?:make|strata) [a-z-].*)", code)
        if found:
            yield found[1]


def check_make(words: list[str]) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    known = re.search(r"^KNOWN := (.*)$", makefile, re.MULTILINE)[1].split()  # type: ignore[index]
    targets = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()  # type: ignore[index]
    given = dict(word.split("=", 1) for word in words if "=" in word)
    for name, value in given.items():
        assert name in known or name.isupper(), f"make knows no variable {name!r}"
        if name in ("until", "from"):
            assert value in stages_of_steps(), f"{name}={value}: no such step"
        if name == "recipe":
            assert value == "law" or (RECIPES / f"{value}.yaml").exists(), f"no recipe {value!r}"
        if name == "only" and "bench" in words:
            assert (ROOT / "benchmarks" / f"{value}.py").exists(), f"no benchmark {value!r}"
        if name == "set" and value != "...":
            for override in _rejoined(shlex.split(value)):
                check_override(override)
    assert {word for word in words if "=" not in word} <= set(targets)


def check_strata(words: list[str]) -> None:
    if words[0] in commands():
        if not words[1:]:
            return  # the command is only named
        parser: argparse.ArgumentParser = importlib.import_module(commands()[words[0]])._parser()
        words = words[1:]
    else:
        parser = build_parser()
    try:
        options = parser.parse_args(words)
    except SystemExit as ended:
        assert ended.code == 0, f"strata does not take: {' '.join(words)}"  # noqa: PT017
        return
    for override in _rejoined(getattr(options, "overrides", [])):
        check_override(override)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_is_one_that_exists(page: Path) -> None:
    for command in commands_on(page):
        words = shlex.split(command, comments=True)
        try:
            (check_make if words[0] == "make" else check_strata)(words[1:])
        except AssertionError as error:
            raise AssertionError(f"{page.name}: {command}: {error}") from None


def test_commands_are_found_and_wrong_ones_refused() -> None:
    assert sum(len(list(commands_on(page))) for page in PAGES) > 40
    for wrong in ("make recipe=law datum=x", "make recipe=lwa", "make recipe=geo until=wash", "make paln"):
        with pytest.raises(AssertionError):
            check_make(wrong.split()[1:])
    for wrong in ("run geo --sets a.b=1", "calibrate a --limit b", "show geo", "run geo --set clean_domain.limit=1"):
        with pytest.raises(AssertionError):
            check_strata(wrong.split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_parameter_between_backticks_exists(page: Path) -> None:
    filters = {limit.filter for limit in LIMITS}
    for code in _CODE.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if not re.fullmatch(r"[a-z_0-9]+(\.[a-z_0-9]+)+", code):
            continue
        first, *rest = code.split(".")
        if first in filters:
            assert code in {limit.name for limit in LIMITS}, f"{page.name}: {code}: no such rule"
        elif first == "fields":
            assert rest[0] in Fields.model_fields, f"{page.name}: {code}: no such field"
        elif first == "needs":
            assert any(rest[0] in Registry().get(name, "docs").needs for name in Registry().names()), code
        elif first in stages_of_steps():
            check_parameter(code)
        elif rest[-1] not in SUFFIXES:
            assert first in NO_STEPS, f"{page.name}: {code}: {first} is no step, stage or rule"


def slugs(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.*)$", _FENCE.sub("", page.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target in _LINK.findall(_FENCE.sub("", page.read_text("utf-8"))):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        linked = (page.parent / file).resolve() if file else page
        assert linked.exists(), f"{page.name}: {target}: no such file"
        assert not anchor or anchor in slugs(linked), f"{page.name}: {target}: no such heading"


# --- The tables of docs/cleaning.md -------------------------------------------------------------------------------


def table(head: list[str], rows: list[list[str]], align: str = "") -> str:
    marks = ["---:" if mark == "r" else "---" for mark in align.ljust(len(head), "l")]
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, marks, *rows])


def limits_table() -> str:
    """Return every rule with its published value, and what the profiles put in its place where they differ."""
    names = ("general", "geo", "finance", "medical")

    def differing(name: str, number: int) -> str:
        limit = PROFILES[name].limit(LIMITS[number])
        if limit == LIMITS[number].published:
            return ""
        return "off" if limit is None else f"{limit:,.10g}"

    rows = [
        [f"`{limit.name}`", f"{limit.published:,.10g}", *(differing(name, number) for name in names)]
        for number, limit in enumerate(LIMITS)
    ]
    return table(["rule", "published, `web`", *(f"`{name}`" for name in names)], rows, "lrrrrr")


def kinds_table() -> str:
    def found(kind: str) -> str:
        if kind in RECOGNISED_KINDS:
            return "with a recogniser"
        return "everywhere" if kind in GENERAL_KINDS else "medical"

    rows = [
        [f"`{kind}`", f"`{mark}`", found(kind), "generalise" if kind in GENERALISED_KINDS else "mask"]
        for kind, mark in PLACEHOLDERS.items()
    ]
    return table(["kind", "placeholder", "looked for", "by default"], rows)


def overlap_table() -> str:
    rows = [
        [f"`{name}`", str(rule.ngram_words), f"{rule.min_coverage:g}", str(rule.min_question_words)]
        for name, rule in OVERLAP_RULES.items()
    ]
    head = ["`decontaminate.rule`", "`ngram_words`", "`min_coverage`", "`min_question_words`"]
    return table(head, rows, "lrrr")


TABLES = (limits_table, kinds_table, overlap_table)


@pytest.mark.parametrize("made", TABLES, ids=lambda made: made.__name__)
def test_the_tables_of_cleaning_are_those_of_the_code(made: Any) -> None:
    assert made() in CLEANING.read_text("utf-8"), f"docs/cleaning.md must hold\n\n{made()}"


def test_kinds_are_looked_for_where_the_table_says() -> None:
    assert set(policy_for("geo").kinds) == set(GENERAL_KINDS)
    assert set(policy_for("medical").kinds) == set(KINDS)


def test_cleaning_names_every_repair_exemption_action_and_rule_in_order() -> None:
    text = CLEANING.read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \|", text[text.index("## Repairs") : text.index("## Boilerplate")], re.MULTILINE)
    assert tuple(rows) == REPAIRS
    source = "".join((ROOT / "data_tools" / name).read_text("utf-8") for name in ("cleaning.py", "quality.py"))
    rules = set(re.findall(r'Verdict\((?:\w+\.)?\w+, "([a-z_]+)"', source))
    assert len(rules) > 5
    assert {name for name in (*rules, *EXEMPT, *ACTIONS) if f"`{name}`" not in text} == set()


def test_figures_in_the_text_of_cleaning_are_the_codes() -> None:
    text = " ".join(CLEANING.read_text("utf-8").split())
    clean = {name: field.default for name, field in Clean.model_fields.items()}
    for sentence in (
        f"longer than {clean['max_characters']:,} characters",
        f"at least {clean['boilerplate_documents']} documents (`clean_domain.boilerplate_documents`) and "
        f"{clean['boilerplate_share'] * 100:.0f} % (`clean_domain.boilerplate_share`)",
        f"In paragraphs of {MIN_DATED_WORDS} words and more",
        f"lost more than {MAX_LOST_SHARE * 100:.0f} % of its characters, or has fewer than {MIN_WORDS_LEFT} words left",
        f"at most {PROFILES['geo'].max_unfinished_words} words, and no sentence's end",
        f"fewer than {PROFILES['geo'].min_common_pair_share * 100:.0f} % of its pairs of letters",
        f"less than {MIN_JUDGED_BYTES} bytes of running text",
        f"fewer than {MIN_PROSE_WORDS} words are left beside",
        f"one of the {len(LIMITS)} published limits",
        f"a secret of {MIN_SECRET_CHARACTERS} characters or more in the environment variable `{SECRET_VARIABLE}`",
    ):
        assert sentence in text, f"docs/cleaning.md must say: {sentence}"


if __name__ == "__main__":
    print("\n\n".join(made() for made in TABLES))
