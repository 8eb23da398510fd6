"""Ingest: read corpora and a user's own folder into documents; what cannot be read is listed with the reason."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field

from data_tools.corpus import Corpus, CorpusName, Fields, FolderSource, HubSource, WorldSource, get_corpus
from data_tools.errors import DataError
from data_tools.extract.collect import Tally, collect_files, collect_world
from data_tools.extract.dispatch import ARCHIVES, READERS, format_of, suffix_of
from data_tools.extract.records import ReadOptions
from data_tools.extract.table_columns import column_names
from data_tools.licenses import KNOWN, parse_license
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Hasher, Json, visible_files
from pipeline.output import Output
from pipeline.recipe_file import follow
from pipeline.stage import Block, CheckContext, Estimate, Inputs, Need, Resources, Stage, need

TOKENS_PER_SHARD = 200_000
"""Of a world: about two seconds of writing."""
MAX_FILES_PER_SHARD = 2_000
MAX_REASONS = 5
LEFT_OUT_FILE = "left_out.tsv"
BYTES_PER_TOKEN = 4.4
"""UTF-8 bytes of English text per token, for estimates; measured later by ``pack``."""
BYTES_PER_DOCUMENT = {"world": 1_100, "folder": 12_000}
DISK_SHARE = 0.37
"""Parquet with zstd against the text's bytes: 0.37 measured on real books and textbooks, 0.31-0.38 on worlds."""
READ_BYTES_PER_SECOND = {
    "html": 1e6, "restructuredtext": 6e5, "latex": 1.5e6, "pdf": 2e6, "xml": 1.1e7, "docx": 4e6, "epub": 7e6,
    "world": 7e5,
}  # fmt: skip
"""Bytes of file, measured on one core of a small machine; all other formats are read at 45 MB/s and more."""
FAST_READ_BYTES_PER_SECOND = 6e7
COMPRESSION = 3.5
"""Text against its compressed file, for estimates."""
COMPRESSED = (".gz", ".bz2", ".xz", ".zst", ".tgz", ".tbz2", ".txz", ".tzst", ".parquet")
TEXT_SHARE = {"pdf": 0.05, "html": 0.6, "xml": 0.45}
"""Text against the bytes of a file that holds much besides: markup, fonts, pictures. A Word document or an e-book holds
about as much text as it has bytes: packed, but with pictures."""
MAX_TABLES_LOOKED_AT = 3
"""Before anything runs, for a template's columns."""


def _absolute(value: str) -> str:
    """Paths are resolved where the recipe is read: a worker has another working directory."""
    return str(follow(value)) if value else value


FolderPath = Annotated[str, AfterValidator(_absolute)]


class Ingest(Stage):
    """Corpora to documents. Each file is read once, in place, by the reader of its format."""

    name: ClassVar[str] = "ingest"
    version: ClassVar[int] = 4
    needs: ClassVar[Mapping[str, Need]] = {"raw": need("raw", many=True, optional=True)}
    gives: ClassVar[str] = "documents"

    corpora: tuple[str, ...] = ()
    """Names of corpora (data_tools/corpora), or paths of corpus.yaml files."""
    corpus_folders: tuple[FolderPath, ...] = ()
    """Folders with further corpus files, looked through before the built-in ones."""
    path: FolderPath = ""
    """A folder (or file) of your own to read, beside ``corpora``."""
    corpus_name: CorpusName = "own_text"
    """The name that the folder's documents carry as their corpus."""
    domain: str = ""
    """The folder's domain: ``general``, or the recipe's domain."""
    license: str = ""
    """The folder's licence as an SPDX expression; one that the recipe's ``licenses`` allow."""
    fields: Fields = Fields()
    """Which fields of the folder's JSON, Parquet, Arrow and CSV records hold text, id, title, date and licence; or
    the template that makes a text of them."""
    exclude: tuple[str, ...] = ("LICENSE*", "COPYING*", "NOTICE*", "README*", "SOURCE.txt", "corpus.yaml")
    """File names (globs) that are no documents, in folders and in archives; counted in ``dropped/``, not against
    ``max_bad_share``."""
    num_tokens: int | None = Field(default=None, gt=0)
    """Size of each generated world, in white-space words times 1.3; the corpus's own where None."""
    seed: int | None = None
    """Seed of generated worlds; the corpus's own where None."""
    max_bad_share: float = Field(default=0.1, ge=0, le=1)
    """Fail the step when more than this share (0..1) of files and records is bad, or of the files alone gives nothing
    good. 0.1 lets stray files pass and stops a folder that is read in the wrong way."""
    max_document_characters: int = Field(default=60_000, gt=0)
    """A longer text is cut into documents; 60,000 characters are about 15,000 tokens, a long article or chapter."""
    split_characters: int = Field(default=20_000, gt=0)
    """Size of the documents that a longer text is cut into, at headings or between paragraphs."""
    max_document_bytes: int = Field(default=50_000_000, gt=0)
    """A record larger than this is left out. A plain text is cut as it is read, whatever its size."""
    max_markup_bytes: int = Field(default=10_000_000, gt=0)
    """A web page, an XML, reStructuredText or Word document or an e-book's chapter larger than this is left out: its
    parsed tree takes some 50 times as much."""
    max_file_bytes: int = Field(default=64 * 2**30, gt=0)
    """Reading a file stops here, counted after decompression: a guard against decompression bombs."""
    max_archive_bytes: int = Field(default=16 * 2**30, gt=0)
    """Unpacking a .zip or .tar stops here, archives in it included: a guard against archive bombs."""
    max_archive_files: int = Field(default=1_000_000, gt=0)
    """Reading a .zip or .tar stops after this many files, those of archives in it included."""
    marks: bool = False
    """Write figures, tables, references and formulas between GeoGalactica's marks, such as ``[START_FORMULA]``, in
    place of Markdown (arXiv 2401.00434, section 3.2)."""
    shard_bytes: int = Field(default=8 * 2**20, gt=0)
    """Size of the files that are read as one task and written as one shard, in bytes. A file, and so an archive, is
    read by one task: many archives are read side by side, one is not."""

    def check(self, context: CheckContext) -> None:
        if not self.corpora and not self.path:
            raise RecipeError(f"{context.where}: nothing to read. Name 'corpora', or give a folder as 'path'")
        if self.path:
            self._check_folder(context)
        corpora = self._corpora(context.where)
        names = [corpus.name for corpus in corpora]
        for name in names:
            if names.count(name) > 1:
                raise RecipeError(f"{context.where}: corpus {name!r} is named twice. Name it once")
        for corpus in corpora:
            check_license(corpus, context)
            if isinstance(corpus.source, FolderSource):
                files = _check_readable(Path(corpus.source.path), context.where, self.exclude)
                _check_template(corpus, files, context.where)

    def _check_folder(self, context: CheckContext) -> None:
        if not self.license:
            raise RecipeError(
                f"{context.where}: license: is missing for {self.path}. Say under which licence you hold this text: "
                "license=<SPDX identifier>, such as CC-BY-4.0, or LicenseRef-Internal for your own"
            )
        if not self.domain:
            raise RecipeError(
                f"{context.where}: domain: is missing for {self.path}. Set it to 'general' or to {context.domain!r}"
            )

    def _corpora(self, where: str) -> list[Corpus]:
        """Return every corpus to read, the user's folder last; RecipeError for what is wrong with one."""
        try:
            found = [get_corpus(name, [Path(folder) for folder in self.corpus_folders]) for name in self.corpora]
            if self.path:
                parse_license(self.license, "license")
                source = FolderSource(path=self.path)
                found.append(
                    Corpus(
                        name=self.corpus_name,
                        domain=self.domain,
                        license=self.license,
                        source=source,
                        fields=self.fields,
                    )
                )
        except DataError as error:
            raise RecipeError(f"{where}: {error}") from None
        return found

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        """What each corpus is, and the content of every folder."""
        known: dict[str, Json] = {}
        for corpus in self._corpora("ingest"):
            described = corpus.model_dump(mode="json", exclude={"size", "homepage", "citation"})
            if isinstance(corpus.source, FolderSource):
                described["content"] = hasher.folder(Path(corpus.source.path))
            known[corpus.name] = described
        return {"corpora": known}

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        parts = [self._estimate_one(corpus) for corpus in self._corpora("ingest")]
        fetched = list(inputs.get("raw", []))
        if fetched:
            parts = [part for part in parts if part.basis != "hub"] + fetched
        return _sum(parts)

    def _estimate_one(self, corpus: Corpus) -> Estimate:
        source = corpus.source
        if isinstance(source, WorldSource):
            tokens = float(self.num_tokens or source.num_tokens)
            text = tokens * BYTES_PER_TOKEN
            seconds = text / READ_BYTES_PER_SECOND["world"]
            return Estimate(text, text / BYTES_PER_DOCUMENT["world"], tokens, seconds=seconds, basis="world")
        if isinstance(source, HubSource):
            return hub_estimate(corpus).but(disk_bytes=None, basis="hub")
        text = seconds = 0.0
        for file in visible_files(Path(source.path)):
            if (format_of(file) in _FORMATS or not suffix_of(file)) and not _is_excluded(file, self.exclude):
                text += _size(file) * _grown(file)
                seconds += _size(file) / READ_BYTES_PER_SECOND.get(format_of(file), FAST_READ_BYTES_PER_SECOND)
        return Estimate(
            text, text / BYTES_PER_DOCUMENT["folder"], text / BYTES_PER_TOKEN, seconds=seconds, basis="folder"
        )

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        shards: dict[str, dict[str, Any]] = {}
        for corpus in self._corpora(f"step {out.step}"):
            if isinstance(corpus.source, WorldSource):
                shards.update(self._world_shards(corpus, corpus.source, out))
            else:
                shards.update(self._file_shards(corpus, _root(corpus, inputs, out.step), out))
        total = Tally()
        by_corpus: dict[str, Tally] = {}
        for shard, result in out.map(read_shard, shards).items():
            tally = Tally.from_json(result)
            total.add(tally)
            by_corpus.setdefault(shards[shard]["corpus"]["name"], Tally()).add(tally)
        out.block(_table(total))
        self._judge(total, out)
        return {
            "documents_in": total.documents + total.dropped.total(),
            "documents_out": total.documents,
            "bytes_out": total.bytes_out,
            "dropped_by_rule": dict(sorted(total.dropped.items())),
            "not_selected": total.not_selected,
            "repaired": dict(sorted(total.repaired.items())),
            "formats": {name: dict(sorted(counts.items())) for name, counts in sorted(total.formats.items())},
            "documents_by_corpus": {name: tally.documents for name, tally in by_corpus.items()},
        }

    def _world_shards(self, corpus: Corpus, source: WorldSource, out: Output) -> Iterator[tuple[str, dict[str, Any]]]:
        num_tokens = self.num_tokens or source.num_tokens
        num_shards = -(-num_tokens // TOKENS_PER_SHARD)
        seed = source.seed if self.seed is None else self.seed
        for index in range(num_shards):
            yield (
                f"{corpus.name}-{index:05d}",
                {
                    "out": str(out.path),
                    "shard": f"{corpus.name}-{index:05d}",
                    "corpus": corpus.model_dump(mode="json"),
                    "world": {"seed": seed, "num_tokens": num_tokens, "index": index, "num_shards": num_shards},
                },
            )

    def _file_shards(self, corpus: Corpus, root: Path, out: Output) -> Iterator[tuple[str, dict[str, Any]]]:
        base = root if root.is_dir() else root.parent
        for index, files in enumerate(_groups(visible_files(root), self.shard_bytes)):
            yield (
                f"{corpus.name}-{index:05d}",
                {
                    "out": str(out.path),
                    "shard": f"{corpus.name}-{index:05d}",
                    "corpus": corpus.model_dump(mode="json"),
                    "files": {
                        "root": str(base),
                        "files": [file.relative_to(base).as_posix() for file in files],
                        "options": {name: getattr(self, name) for name in _READ_OPTIONS},
                        "exclude": list(self.exclude),
                    },
                },
            )

    def _judge(self, total: Tally, out: Output) -> None:
        """Fail the step where too much is bad, or nothing is left.

        Files are also judged alone, so that one table's thousands of rows do not stand in for a folder's lost files.
        """
        step = out.step
        counts = total.faults or total.dropped
        named = [
            f"{rule} {count:,} (such as {total.examples[rule]})" for rule, count in counts.most_common(MAX_REASONS)
        ]
        others = counts.most_common()[MAX_REASONS:]
        more = [", ".join(f"{rule} {count:,}" for rule, count in others)] if others else []
        reasons = "; ".join(named + more)
        for bad, tried, what in (
            (total.bad, total.documents + total.bad, "files and records are bad"),
            (total.empty_handed, total.files, "files hold nothing that can be read"),
        ):
            if bad > self.max_bad_share * tried:
                raise StepError(
                    f"step {step}: {bad:,} of {tried:,} {what}, more than max_bad_share {self.max_bad_share:g} allows: "
                    f"{reasons}. All are listed in {_listed(out.path)}. Mend or remove them, or raise "
                    f"the share: {step}.max_bad_share=0.5"
                )
        if total.documents == 0:
            raise StepError(
                f"step {step}: no document was read: {reasons or 'nothing was selected'}. Look at the source"
            )


def _listed(folder: Path) -> Path:
    """Write down every file and record that was left out, for reading with any tool; return the file."""
    from data_tools.documents import DROPPED_FOLDER, read_rows, shards

    path = folder / LEFT_OUT_FILE
    with path.open("w", encoding="utf-8") as stream:
        for shard in shards(folder, DROPPED_FOLDER):
            for row in read_rows(shard, ["rule", "source", "detail"]):
                stream.write("\t".join(" ".join(row[name].split()) for name in ("source", "rule", "detail")) + "\n")
    return path


def read_shard(
    out: str,
    shard: str,
    corpus: Mapping[str, Any],
    world: Mapping[str, int] | None = None,
    files: Mapping[str, Any] | None = None,
) -> Json:
    """Read one group of files, or write one part of a world; return its tally."""
    described = Corpus.model_validate(corpus)
    if world is not None:
        return collect_world(Path(out), shard, described, **world).to_json()
    assert files is not None
    root = Path(files["root"])
    options = ReadOptions(described.fields, root=root, exclude=tuple(files["exclude"]), **files["options"])
    return collect_files(Path(out), shard, described, root, files["files"], options).to_json()


_FORMATS = frozenset([name for name, _ in READERS.values()] + list(ARCHIVES.values()))
_READ_OPTIONS = (
    "max_document_bytes",
    "max_markup_bytes",
    "max_file_bytes",
    "max_document_characters",
    "split_characters",
    "max_archive_bytes",
    "max_archive_files",
    "marks",
)
"""The parameters that readers know under the same names."""


def _is_excluded(file: Path, exclude: Sequence[str]) -> bool:
    return any(file.match(pattern) for pattern in exclude)


def check_license(corpus: Corpus, context: CheckContext) -> None:
    """Raise RecipeError where the recipe does not allow the corpus's licence."""
    missing = parse_license(corpus.license, "license").missing_from(context.licenses)
    if missing:
        allowed = ", ".join(context.licenses) or "none"
        unknown = [name for name in missing if name not in KNOWN and not name.startswith("LicenseRef-")]
        alike = [close for name in unknown for close in difflib.get_close_matches(name, KNOWN, n=1)]
        advice = f"Add {', '.join(missing)} to the recipe's 'licenses' if you may use it, or take another corpus"
        if alike:
            advice = f"Did you mean {alike[0]}? {unknown[0]} is no usual SPDX identifier. {advice}"
        raise RecipeError(
            f"{context.where}: corpus {corpus.name!r} has the licence {corpus.license}, which the recipe does not "
            f"allow (licenses: {allowed}). {advice}"
        )


def _check_readable(path: Path, where: str, exclude: Sequence[str]) -> list[Path]:
    """Return the folder's files that may hold documents; RecipeError where there are none."""
    try:
        path.stat()
    except OSError as error:
        reason = "does not exist" if isinstance(error, FileNotFoundError) else f"cannot be read ({error.strerror})"
        raise RecipeError(f"{where}: path: {path} {reason}. Give a folder of texts") from None
    files = visible_files(path)
    if not files:
        raise RecipeError(f"{where}: path: {path} holds no file. Give a folder of texts")
    kept = [file for file in files if not _is_excluded(file, exclude)]
    if not kept:
        met = ", ".join(sorted({file.name for file in files})[:8])
        raise RecipeError(
            f"{where}: path: {path} holds only files that 'exclude' names ({met}). Give a folder of texts, or name "
            "fewer files in 'exclude'"
        )
    readable = [file for file in kept if format_of(file) in _FORMATS or not suffix_of(file)]
    if not readable:
        met = ", ".join(sorted({file.suffix or file.name for file in kept})[:8])
        known = ", ".join([*READERS, *ARCHIVES])
        raise RecipeError(f"{where}: path: {path} holds no readable file, only {met}. Readable: {known}")
    return readable


def _check_template(corpus: Corpus, files: Sequence[Path], where: str) -> None:
    """Raise RecipeError where none of the first tables has the columns that a template needs."""
    tables = (
        [file for file in files if format_of(file) in ("csv", "parquet", "arrow")] if corpus.fields.template else []
    )
    found = [(file, names) for file in tables[:MAX_TABLES_LOOKED_AT] if (names := column_names(file))]
    if found and all(corpus.fields.missing_column(names) for _, names in found):
        file, names = found[0]
        missing = corpus.fields.missing_column(names)
        near = difflib.get_close_matches(missing, names, n=1)
        hint = f"Did you mean {near[0]!r}?" if near else f"It has {', '.join(names[:12])}"
        raise RecipeError(f"{where}: fields.template: {file} has no column {missing!r}. {hint}")


def _root(corpus: Corpus, inputs: Inputs, step: str) -> Path:
    """Return where the corpus's files lie: its folder, or what fetch_data brought."""
    if isinstance(corpus.source, FolderSource):
        return Path(corpus.source.path)
    for artifact in inputs.get("raw", []):
        if (artifact.path / "data" / corpus.name).is_dir():
            return artifact.path / "data" / corpus.name
    raise StepError(
        f"step {step}: corpus {corpus.name!r} is on the Hub and was not fetched. Add a step of stage fetch_data with "
        f"corpora: [{corpus.name}] and name it under needs.raw"
    )


def _grown(file: Path) -> float:
    """Return the bytes of text expected per byte of a file."""
    compressed = file.suffix.lower() in COMPRESSED or format_of(file) == "zip"
    return TEXT_SHARE.get(format_of(file), 1.0) * (COMPRESSION if compressed else 1.0)


def _size(file: Path) -> int:
    """Return a file's bytes; 0 where it cannot be looked at, which its reader will say."""
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _groups(files: Sequence[Path], shard_bytes: int) -> Iterator[list[Path]]:
    """Yield neighbouring files in groups of about ``shard_bytes``: the same groups on every machine."""
    group: list[Path] = []
    size = 0
    for file in files:
        group.append(file)
        size += _size(file)
        if size >= shard_bytes or len(group) >= MAX_FILES_PER_SHARD:
            yield group
            group, size = [], 0
    if group:
        yield group


def hub_estimate(corpus: Corpus, share_of_files: float = 1.0) -> Estimate:
    """Return what a Hub corpus, or a share (0..1) of its files, is expected to hold once read."""
    size = corpus.size
    share = size.assumed_share * share_of_files
    tokens = size.num_tokens and size.num_tokens * share
    text = size.num_bytes * share if size.num_bytes else tokens and tokens * BYTES_PER_TOKEN
    documents = size.num_documents and size.num_documents * share
    download = size.download_bytes and size.download_bytes * share_of_files
    assumed = f", {size.assumed_share:.0%} assumed to be selected" if size.assumed_share < 1 else ""
    return Estimate(text, documents, tokens, disk_bytes=download, basis=f"published size of {corpus.name}{assumed}")


def _sum(parts: Sequence[Estimate]) -> Estimate:
    def total(name: str) -> float | None:
        values = [getattr(part, name) for part in parts]
        return None if any(value is None for value in values) else float(sum(values))

    text = total("text_bytes")
    seconds = total("seconds")
    if seconds is None and text is not None:
        seconds = text / FAST_READ_BYTES_PER_SECOND
    disk = text * DISK_SHARE if text is not None else None
    basis = "declared or measured sizes, read rates of one core"
    return Estimate(text, total("num_documents"), total("num_tokens"), None, disk, seconds, None, basis)


def _table(total: Tally) -> Block:
    rows: list[list[Json]] = [
        [name, counts["files"] or None, counts["documents"], counts["bad"]]
        for name, counts in sorted(total.formats.items())
    ]
    rows += [[f"left out: {rule}", None, None, count] for rule, count in sorted(total.dropped.items())]
    data = {"columns": ["format", "files", "documents", "left out"], "rows": rows, "align": ["left", *["right"] * 3]}
    repaired = "; ".join(f"{what}: {count}" for what, count in sorted(total.repaired.items()))
    note = f"Put right while reading: {repaired}." if repaired else ""
    return Block("table", "What was read", data, note)


STAGE = Ingest
