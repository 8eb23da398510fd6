"""Fetch corpora from the Hugging Face Hub, once, each at its pinned commit; or copy them from a local mirror."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from data_tools.corpus import Corpus, HubSource, get_corpus
from data_tools.errors import DataError
from data_tools.hub import HubRepository, copy_local, fetch, find_local
from pipeline.artifact import write_json
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Hasher, Json
from pipeline.output import Output
from pipeline.stage import CheckContext, Estimate, Inputs, Resources, Stage
from stages.ingest import FolderPath, check_license, hub_estimate

DOWNLOAD_BYTES_PER_SECOND = 5e7
"""An assumption: about half of a gigabit line."""


class FetchResources(Resources):
    """How to fetch; changes no artifact."""

    max_workers: int = Field(default=8, ge=1)
    """Files fetched at once."""
    timeout_seconds: float = Field(default=30.0, gt=0)
    """How long the Hub may take to answer before the step fails."""


class FetchData(Stage):
    """Corpora on the Hub to files: ``data/<corpus>/<the repository's own names>``, listed in ``fetched.json``."""

    name: ClassVar[str] = "fetch_data"
    gives: ClassVar[str] = "raw"
    resources_type: ClassVar[type[Resources]] = FetchResources
    online: ClassVar[bool] = True

    corpora: tuple[str, ...] = Field(min_length=1)
    """Names of corpora whose source is on the Hub."""
    corpus_folders: tuple[FolderPath, ...] = ()
    """Folders with further corpus files, looked through before the built-in ones."""
    revision: str = ""
    """A commit (40 hexadecimal characters) instead of the corpus's own; for a single corpus."""
    max_files: int | None = Field(default=None, gt=0)
    """Take only the first files of each corpus, in order of name; None takes all."""
    local: FolderPath = ""
    """Copy from this directory instead: the repository, a Hugging Face cache, or a mirror of org/name folders."""

    def check(self, context: CheckContext) -> None:
        if self.revision and len(self.corpora) > 1:
            raise RecipeError(f"{context.where}: revision: is for a single corpus, got {len(self.corpora)} corpora")
        for corpus, repository in self._repositories(context.where):
            check_license(corpus, context)
            if self.local:
                try:
                    find_local(Path(self.local), repository)
                except DataError as error:
                    raise RecipeError(f"{context.where}: {error}") from None

    def _repositories(self, where: str) -> list[tuple[Corpus, HubRepository]]:
        found = []
        for name in self.corpora:
            try:
                corpus = get_corpus(name, [Path(folder) for folder in self.corpus_folders])
            except DataError as error:
                raise RecipeError(f"{where}: {error}") from None
            if not isinstance(corpus.source, HubSource):
                raise RecipeError(
                    f"{where}: corpus {name!r} is not on the Hub but a {corpus.source.kind}. Name it in ingest alone"
                )
            revision = self.revision or corpus.source.revision
            found.append((corpus, HubRepository(corpus.source.repo, revision, "dataset")))
        return found

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        known: dict[str, Json] = {}
        for corpus, repository in self._repositories(self.name):
            assert isinstance(corpus.source, HubSource)
            described: dict[str, Json] = {"repo": repository.repo, "revision": repository.revision}
            described["files"] = list(corpus.source.files)
            if self.local:
                described["content"] = hasher.folder(find_local(Path(self.local), repository))
            known[corpus.name] = described
        return {"corpora": known}

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        parts = []
        for corpus, _ in self._repositories(self.name):
            assert isinstance(corpus.source, HubSource)
            num_files = corpus.source.num_files
            share = min(1.0, self.max_files / num_files) if self.max_files and num_files else 1.0
            parts.append(hub_estimate(corpus, share))
        return _sum(parts)

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        listed: dict[str, Json] = {}
        for corpus, repository in self._repositories(f"step {out.step}"):
            assert isinstance(corpus.source, HubSource)
            target = out.path / "data" / corpus.name
            try:
                names = self._bring(corpus.source, repository, target, out)
            except DataError as error:
                hint = "" if repository.pinned else f" (set={out.step}.revision=<commit>)"
                raise StepError(f"step {out.step}: {error}{hint}") from None
            sizes = {name: (target / name).stat().st_size for name in names}
            listed[corpus.name] = {"repo": repository.repo, "revision": repository.revision, "files": sizes}
        write_json(out.path / "fetched.json", listed)
        return {
            "files": {name: len(one["files"]) for name, one in listed.items()},
            "bytes": {name: sum(one["files"].values()) for name, one in listed.items()},
            "revisions": {name: one["revision"] for name, one in listed.items()},
        }

    def _bring(self, source: HubSource, repository: HubRepository, target: Path, out: Output) -> list[str]:
        if self.local:
            return copy_local(find_local(Path(self.local), repository), source.files, target, self.max_files)
        assert isinstance(out.resources, FetchResources)
        return fetch(
            repository,
            source.files,
            target,
            max_files=self.max_files,
            max_workers=out.resources.max_workers,
            timeout_seconds=out.resources.timeout_seconds,
            progress=lambda done, total: out.progress(done, total, f"files of {repository.repo}"),
        )


def _sum(parts: Sequence[Estimate]) -> Estimate:
    def total(name: str) -> float | None:
        values = [getattr(part, name) for part in parts]
        return None if any(value is None for value in values) else float(sum(values))

    disk = total("disk_bytes")
    seconds = disk / DOWNLOAD_BYTES_PER_SECOND if disk is not None else None
    basis = "; ".join(part.basis for part in parts) + "; 50 MB/s"
    return Estimate(
        total("text_bytes"),
        total("num_documents"),
        total("num_tokens"),
        disk_bytes=disk,
        seconds=seconds,
        basis=basis,
    )


STAGE = FetchData
