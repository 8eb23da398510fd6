"""``strata new-domain law --from recipes/geo.yaml --data ~/law``: a recipe and a corpus file, checked at once."""

from __future__ import annotations

import argparse
import copy
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from data_tools.corpus import CORPUS_YAML, get_corpus
from data_tools.errors import DataError
from data_tools.licenses import parse_license
from data_tools.rules import PROFILES
from pipeline.errors import RecipeError, StrataError
from pipeline.recipe import Request, find_recipe, load
from pipeline.recipe_file import RECIPES, follow, label_of, read_file

CORPORA = RECIPES.parent / "data_tools" / "corpora"
_NAME = re.compile(r"[a-z][a-z0-9_]*")


def main(argv: Sequence[str]) -> int:
    """Run ``strata new-domain``; StrataError where a file exists already, or what was given cannot be used."""
    options = _parser().parse_args(list(argv))
    if not _NAME.fullmatch(options.name):
        raise StrataError(f"new-domain: name: must be lower-case letters, digits and _, got {options.name!r}")
    _check_source(options)
    recipe_file = Path(options.recipes) / f"{options.name}.yaml"
    corpus_file, reference = _corpus_place(options)
    for file in (recipe_file, corpus_file):
        if file.exists():
            raise StrataError(f"{file}: exists already. Change it, or take another name")
    values = derive(read_file(find_recipe(options.parent)), options, reference)
    written = [recipe_file, corpus_file]
    try:
        corpus_file.write_text(_corpus_text(options), "utf-8")
        recipe_file.write_text(_recipe_text(values, options), "utf-8")
        profiles = _check(recipe_file, reference, Path(options.corpora))
    except BaseException:
        for file in written:
            file.unlink(missing_ok=True)  # a half-made domain would be refused as existing the next time
        raise
    for what, file in (("recipe", recipe_file), ("corpus", corpus_file)):
        sys.stdout.write(f"{what:8}{label_of(file)}\n")
    sys.stdout.write(f"checked {', '.join(profiles)}\n")
    sys.stdout.write(f"next    make plan recipe={options.name} profile={profiles[0]}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="strata new-domain",
        description="Write the recipe and the corpus file of a new domain, and check both.",
    )
    parser.add_argument("name", help="the domain's name, such as law; the recipe is recipes/<name>.yaml")
    parser.add_argument("--from", dest="parent", default="geo", help="the recipe to begin from (default: geo)")
    parser.add_argument("--data", help="your folder of texts")
    parser.add_argument("--hub", help="or a data set on the Hugging Face Hub: organisation/name")
    parser.add_argument("--revision", help="its commit, 40 hexadecimal characters")
    parser.add_argument("--files", nargs="+", default=["**/*.parquet"], help="globs over its files")
    parser.add_argument("--license", required=True, help="the texts' licence, SPDX; LicenseRef-Internal for your own")
    parser.add_argument("--rules", choices=sorted(PROFILES), help="cleaning profile (default: that of the recipe)")
    parser.add_argument("--yaml", action="store_true", help="describe the folder by corpus.yaml beside the texts")
    parser.add_argument("--recipes", default=str(RECIPES), help=argparse.SUPPRESS)
    parser.add_argument("--corpora", default=str(CORPORA), help=argparse.SUPPRESS)
    return parser


def _check_source(options: argparse.Namespace) -> None:
    if bool(options.data) == bool(options.hub):
        raise StrataError("new-domain: give either --data FOLDER or --hub ORGANISATION/NAME with --revision COMMIT")
    if options.hub and not options.revision:
        raise StrataError(f"new-domain: --hub {options.hub}: needs --revision COMMIT, for a branch moves")
    if options.yaml and not options.data:
        raise StrataError("new-domain: --yaml: describes a folder, so it goes with --data FOLDER")
    try:
        parse_license(options.license, "license")
        if options.data:
            options.data = str(follow(options.data))
    except (DataError, ValueError) as error:
        raise StrataError(f"new-domain: {error}") from None
    if options.data and not Path(options.data).is_dir():
        raise StrataError(f"new-domain: --data: {options.data} is no folder. Give the folder that holds your texts")


def _corpus_place(options: argparse.Namespace) -> tuple[Path, str]:
    """Return the corpus file, and how the recipe names the corpus."""
    if options.yaml:
        file = Path(options.data) / CORPUS_YAML
        return file, str(file)
    return Path(options.corpora) / f"{options.name}_text.py", f"{options.name}_text"


def derive(values: dict[str, Any], options: argparse.Namespace, corpus: str) -> dict[str, Any]:
    """Return a recipe's fields for the new domain: its corpus in place of the old one's, nothing of the old domain."""
    made = copy.deepcopy(values)
    old = made.get("domain") or ""
    made["domain"] = options.name
    steps = made.setdefault("steps", {})
    source = (made.get("inputs") or {}).get("data", "domain_text")
    text = {"corpora": [corpus], "domain": options.name, "corpus_name": f"own_{options.name}"}
    if options.hub:
        text["needs"] = {"raw": "domain_raw"}
        steps["domain_raw"] = {"stage": "fetch_data", "corpora": [corpus]}
    steps[source] = text
    if not options.yaml and Path(options.corpora) != CORPORA:
        for step in (steps[source], steps.get("domain_raw") or {}):
            step["corpus_folders"] = [options.corpora]
    if options.rules:
        steps["clean_domain"] = {**(steps.get("clean_domain") or {}), "rules": options.rules}
    for step in steps.values():
        if isinstance(step.get("worlds"), list):
            step["worlds"] = [world for world in step["worlds"] if world != old] or ["general"]
    made["own_text"] = True
    made["profiles"] = _profiles(made.get("profiles") or {}, source)
    return {name: value for name, value in made.items() if value not in ({}, None)}


def _profiles(profiles: dict[str, Any], source: str) -> dict[str, Any]:
    """Take the old domain's corpora out of every profile."""
    kept: dict[str, Any] = {}
    for name, steps in profiles.items():
        left = {
            step: {key: value for key, value in (given or {}).items() if key not in ("corpora", "needs")}
            if step == source
            else given
            for step, given in steps.items()
            if not (isinstance(given, dict) and given.get("stage") == "fetch_data" and step == "domain_raw")
        }
        left = {step: given for step, given in left.items() if given or given is None}
        if left:
            kept[name] = left
    return kept


def _recipe_text(values: dict[str, Any], options: argparse.Namespace) -> str:
    head = (
        f"# The {options.name} domain, begun from {options.parent}. Yours to change; docs/recipes.md says how.\n"
        "# It has no questions of its own yet: name them under suites (files: or public:), and the last line of a\n"
        "# run tells how many the model answers.\n"
    )
    return head + yaml.safe_dump(values, sort_keys=False, default_flow_style=None, width=110, allow_unicode=True)


def _corpus_text(options: argparse.Namespace) -> str:
    if options.yaml:
        described = {"name": f"{options.name}_text", "domain": options.name, "license": options.license}
        return yaml.safe_dump({**described, **({"rules": options.rules} if options.rules else {})}, sort_keys=False)
    if options.data:
        kind, source = "FolderSource", f"FolderSource(path={_quoted(options.data)})"
    else:
        kind = "HubSource"
        files = "".join(f"{_quoted(name)}, " for name in options.files)
        source = (
            "HubSource(\n"
            f"        repo={_quoted(options.hub)},\n"
            f"        revision={_quoted(options.revision)},\n"
            f"        files=({files.rstrip() if len(options.files) == 1 else files.rstrip(', ')}),\n"
            "    ),\n"
            f"    homepage={_quoted('https://huggingface.co/datasets/' + options.hub)}"
        )
    rules = f"    rules={_quoted(options.rules)},\n" if options.rules else ""
    return (
        f'"""Texts of the {options.name} domain."""\n\n'
        f"from data_tools.corpus import Corpus, {kind}\n\n"
        "CORPUS = Corpus(\n"
        f"    name={_quoted(options.name + '_text')},\n"
        f"    domain={_quoted(options.name)},\n"
        f"    license={_quoted(options.license)},\n"
        f"    source={source},\n"
        f"{rules})\n"
    )


def _quoted(text: str) -> str:
    """Return a Python string literal as the formatter writes it."""
    return json.dumps(text, ensure_ascii=False)


def _check(recipe_file: Path, corpus: str, corpora: Path) -> list[str]:
    """Load the corpus, and the recipe in every profile; return the profiles."""
    try:
        get_corpus(corpus, [corpora])
    except DataError as error:
        raise StrataError(f"new-domain: {error}") from None
    profiles = ["laptop", "node", "cluster"]
    for profile in profiles:
        try:
            load(Request(str(recipe_file), profile), machine_profile="")
        except RecipeError as error:
            raise StrataError(f"new-domain: the recipe would not run with profile {profile}: {error}") from None
    return profiles
