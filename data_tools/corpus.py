"""What a corpus is: a source of documents with its place, revision, licence, domain and size.

One corpus is one file: ``data_tools/corpora/<name>.py`` with ``CORPUS = Corpus(...)``, the same in a plug-in folder, or
``corpus.yaml`` beside a folder of texts (see docs/adding-a-corpus.md).
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from data_tools.errors import DataError
from data_tools.licenses import parse_license
from data_tools.templates import parse_template

CORPUS_YAML = "corpus.yaml"
COMMIT = re.compile(r"[0-9a-f]{40}")
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]*")


def _license(value: str) -> str:
    try:
        parse_license(value, "license")
    except DataError as error:
        raise ValueError(str(error)) from None
    return value


SpdxLicense = Annotated[str, AfterValidator(_license)]
"""An SPDX expression such as ``CC-BY-4.0`` or ``CC0-1.0 OR MIT``."""


def _corpus_name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("must be lower-case letters, digits, '_', '.' and '-'")
    return value


CorpusName = Annotated[str, AfterValidator(_corpus_name)]


def _template(value: str) -> str:
    try:
        parse_template(value or "{text}")
    except DataError as error:
        raise ValueError(str(error)) from None
    return value


def _rules(value: str) -> str:
    from data_tools.rules import get_rules

    try:
        get_rules(value or "general")
    except DataError as error:
        raise ValueError(str(error)) from None
    return value


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)


class Fields(_Frozen):
    """Which fields of a JSON, Parquet or CSV record hold what. A dot reaches inside: ``metadata.license``."""

    text: tuple[str, ...] = ("text",)
    """The text's fields, joined by a blank line. One of them must hold text; the others may be missing or empty."""
    template: Annotated[str, AfterValidator(_template)] = ""
    """In place of ``text``: a sentence with fields in braces, ``{rock} from {place}[[, {depth} m deep]]``. What stands
    in ``[[ ]]`` is left out where a value is missing (see data_tools/templates.py)."""
    id: str = ""
    """The record's own id; empty makes one from the file and the position."""
    title: str = ""
    date: str = ""
    language: str = ""
    """A field with a code such as ``en`` or ``pt-BR``."""
    license: str = ""
    """A field with an SPDX identifier, a link or a name; see docs/adding-a-corpus.md for what follows from it."""
    keep: tuple[str, ...] = ()
    """Fields copied into the document's ``meta``."""
    where: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Only records whose field holds one of the values (or, for a list, contains one) are read."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.template and self.text != ("text",):
            raise ValueError(f"text and template are two ways to make a text: give one, got text {list(self.text)}")
        return self

    def columns(self) -> tuple[str, ...]:
        """Return every field that is asked for, each once."""
        own = (self.id, self.title, self.date, self.language, self.license)
        return tuple(dict.fromkeys([*self.text_columns(), *self.keep, *self.where, *filter(None, own)]))

    def text_columns(self) -> tuple[str, ...]:
        """Return the fields that make the text."""
        return parse_template(self.template).names() if self.template else self.text

    def missing_column(self, names: Collection[str]) -> str:
        """Return the field that a table with the columns ``names`` lacks to make any text, or an empty string."""

        def is_there(name: str) -> bool:
            return name in names or name.split(".")[0] in names

        if self.template:
            return next(
                (name for name in parse_template(self.template).names(optional=False) if not is_there(name)), ""
            )
        return "" if any(map(is_there, self.text)) else self.text[0]


class WorldSource(_Frozen):
    """A seeded generator of documents from ``data_tools/worlds/``."""

    kind: Literal["world"] = "world"
    world: str
    num_tokens: int = Field(gt=0)
    """White-space words times 1.3 to write."""
    seed: int = 0


class FolderSource(_Frozen):
    """A folder (or one file) on this machine; relative to the YAML file where the corpus is one."""

    kind: Literal["folder"] = "folder"
    path: str


class HubSource(_Frozen):
    """A data set on the Hugging Face Hub, fetched by the stage ``fetch_data``."""

    kind: Literal["hub"] = "hub"
    repo: str = Field(pattern=r"^[\w.-]+/[\w.-]+$")
    revision: str = Field(min_length=1)
    """A commit of 40 hexadecimal characters. A branch can be planned with, but not fetched."""
    files: tuple[str, ...] = Field(min_length=1)
    """Globs over the repository's file names."""
    num_files: int | None = Field(default=None, gt=0)
    """How many files the globs match, for estimates of a part."""

    @property
    def pinned(self) -> bool:
        """Whether ``revision`` is a commit."""
        return COMMIT.fullmatch(self.revision) is not None


class Size(_Frozen):
    """How much text the whole corpus holds, for estimates; None where nobody has published it."""

    num_documents: int | None = None
    num_bytes: int | None = None
    """UTF-8 bytes of text."""
    num_tokens: int | None = None
    download_bytes: int | None = None
    assumed_share: float = Field(default=1.0, gt=0, le=1)
    """Share of the text that ``fields.where`` is assumed to keep, where that has not been counted."""


class Corpus(_Frozen):
    """A source of documents."""

    name: CorpusName
    domain: str = Field(min_length=1)
    """``general``, or the domain's name: ``geo``."""
    license: SpdxLicense
    source: Annotated[WorldSource | FolderSource | HubSource, Field(discriminator="kind")]
    fields: Fields = Fields()
    size: Size = Size()
    homepage: str = ""
    citation: str = ""
    rules: Annotated[str, AfterValidator(_rules)] = ""
    """The cleaning profile that suits its text (data_tools/rules.py); its documents carry it in ``meta``."""

    @property
    def revision(self) -> str:
        """What pins the content: the Hub's commit; empty for a world and a folder, which their own rules pin."""
        return self.source.revision if isinstance(self.source, HubSource) else ""


def corpus_names(folders: Sequence[Path] = ()) -> list[str]:
    """Return the names of all corpora: the built-in ones and those of the plug-in ``folders``."""
    places = [Path(__file__).parent / "corpora", *folders]
    return sorted({file.stem for place in places for file in place.glob("*.py") if not file.stem.startswith("_")})


def get_corpus(name: str, folders: Sequence[Path] = ()) -> Corpus:
    """Return the corpus called ``name``; only its own file is imported.

    ``name`` may also be the path of a ``corpus.yaml`` or of a folder that holds one. Plug-in ``folders`` are looked
    through first, so that a user's file can stand in for a built-in one. DataError where there is none, or it is wrong.
    """
    if "/" in name or name.endswith((".yaml", ".yml")):
        return read_corpus_yaml(Path(name))
    for folder in folders:
        if (folder / f"{name}.py").is_file():
            return _corpus_of(_load_file(folder / f"{name}.py"), folder / f"{name}.py", name)
    if (
        _NAME.fullmatch(name)
        and name.isidentifier()
        and importlib.util.find_spec(f"data_tools.corpora.{name}") is not None
    ):
        module = importlib.import_module(f"data_tools.corpora.{name}")
        return _corpus_of(module, Path(str(module.__file__)), name)
    known = corpus_names(folders)
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}"
    raise DataError(f"corpus {name!r}: there is no such corpus. {hint}")


def _load_file(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(f"strata_corpus_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None  # a .py path always has a loader
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except ValidationError as error:
        raise DataError(f"{path}: {_problems(error)}") from None
    return module


def _corpus_of(module: Any, path: Path, name: str) -> Corpus:
    corpus = getattr(module, "CORPUS", None)
    if not isinstance(corpus, Corpus):
        raise DataError(
            f"{path}: must set CORPUS to a Corpus, got {type(corpus).__name__}. See docs/adding-a-corpus.md"
        )
    if corpus.name != name:
        raise DataError(
            f"{path}: CORPUS.name must be the file's name {name!r}, got {corpus.name!r}. Rename one of them"
        )
    return corpus


def read_corpus_yaml(path: Path) -> Corpus:
    """Return the corpus that a YAML file describes; ``path`` may be the folder that holds ``corpus.yaml``.

    Without ``source`` the corpus is the folder that the file lies in; a relative ``source.path`` is relative to it.
    """
    import yaml

    file = path / CORPUS_YAML if path.is_dir() else path
    try:
        given = yaml.safe_load(file.read_text("utf-8"))
    except FileNotFoundError:
        raise DataError(f"{file}: no such file. Write one as docs/adding-a-corpus.md shows") from None
    except OSError as error:
        raise DataError(f"{file}: cannot be read ({error.strerror}). Give a corpus.yaml that you may read") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: is not readable YAML: {error}") from None
    if not isinstance(given, dict):
        raise DataError(f"{file}: must be a mapping, got {type(given).__name__}. See docs/adding-a-corpus.md")
    source = given.setdefault("source", {"kind": "folder", "path": "."})
    if isinstance(source, dict) and source.get("kind") == "folder" and isinstance(source.get("path"), str):
        try:
            source["path"] = str((file.parent / source["path"]).resolve())
        except (RuntimeError, ValueError) as error:
            raise DataError(
                f"{file}: source.path: is no path that can be followed ({error}), got {source['path']!r}. "
                "Name a folder or file"
            ) from None
    try:
        return Corpus.model_validate(given)
    except ValidationError as error:
        raise DataError(f"{file}: {_problems(error)}") from None


def _problems(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(map(str, problem['loc'])) or 'corpus'}: {problem['msg'].removeprefix('Value error, ')}, "
        f"got {problem['input']!r:.80}"
        for problem in error.errors(include_url=False)
    )
