"""Files of a repository on the Hugging Face Hub, at a commit, or from a directory laid out as the Hub's are."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Literal

from data_tools.corpus import COMMIT
from data_tools.errors import DataError

RepoType = Literal["dataset", "model"]
Progress = Callable[[int, int], None]
DEFAULT_ENDPOINT = "https://huggingface.co"
NEVER = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.pickle", "*.msgpack", "*.h5")
"""Formats that can run code when loaded, or that we do not read; never fetched, whatever a pattern says."""


@dataclass(frozen=True)
class HubRepository:
    """A repository at a revision."""

    repo: str
    """``organisation/name``."""
    revision: str
    """A commit of 40 hexadecimal characters, or a branch."""
    type: RepoType = "model"

    @property
    def pinned(self) -> bool:
        return COMMIT.fullmatch(self.revision) is not None

    @property
    def cache_name(self) -> str:
        """The repository's folder in a Hugging Face cache: ``datasets--org--name``."""
        return f"{self.type}s--{self.repo.replace('/', '--')}"

    def __str__(self) -> str:
        return f"{'data set' if self.type == 'dataset' else 'model'} {self.repo}@{self.revision}"


def endpoint() -> str:
    """Return the Hub's address: ``HF_ENDPOINT``, or huggingface.co."""
    return os.environ.get("HF_ENDPOINT") or DEFAULT_ENDPOINT


def wanted(names: Iterable[str], patterns: Sequence[str], max_files: int | None = None) -> list[str]:
    """Return the names that a pattern matches, in order of name, the first ``max_files`` of them."""
    found = [
        name
        for name in sorted(names)
        if any(fnmatch(name, pattern) for pattern in patterns)
        and not any(fnmatch(Path(name).name, pattern) for pattern in NEVER)
    ]
    return found[:max_files]


def fetch(
    repository: HubRepository,
    patterns: Sequence[str],
    target: Path,
    *,
    max_files: int | None = None,
    max_workers: int = 8,
    timeout_seconds: float = 30.0,
    progress: Progress = lambda done, total: None,
) -> list[str]:
    """Fetch the files that ``patterns`` match into ``target`` and return their names.

    Files already there whole are not fetched again, and a part of one goes on where it stopped. DataError says what the
    Hub answered and what to do; nothing is taken from a branch, because it moves.
    """
    if not repository.pinned:
        raise DataError(
            f"{repository}: revision must be a commit of 40 hexadecimal characters, got {repository.revision!r}, "
            f"which moves. Look the commit up at {endpoint()}/{_page(repository)}/commits/{repository.revision} "
            "and set it"
        )
    if _offline():
        raise DataError(
            f"{repository}: HF_HUB_OFFLINE is set, so nothing can be fetched. Unset it, or give 'local', a directory "
            "that already holds the files"
        )
    names = _told(repository, lambda: _names(repository, timeout_seconds))
    chosen = wanted(names, patterns, max_files)
    if not chosen:
        raise DataError(f"{repository}: no file matches {list(patterns)}; it holds {', '.join(sorted(names)[:8])}, ...")
    _told(repository, lambda: _download(repository, chosen, target, max_workers, timeout_seconds, progress))
    shutil.rmtree(target / ".cache", ignore_errors=True)  # the library's notes on what it has downloaded
    return chosen


def _offline() -> bool:
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")


def _page(repository: HubRepository) -> str:
    return f"datasets/{repository.repo}" if repository.type == "dataset" else repository.repo


def _names(repository: HubRepository, timeout_seconds: float) -> list[str]:
    from huggingface_hub import HfApi

    info: Any = HfApi(endpoint=endpoint()).repo_info(
        repository.repo, revision=repository.revision, repo_type=repository.type, timeout=timeout_seconds
    )
    return [sibling.rfilename for sibling in info.siblings or []]


def _download(
    repository: HubRepository,
    names: Sequence[str],
    target: Path,
    max_workers: int,
    timeout_seconds: float,
    progress: Progress,
) -> None:
    from huggingface_hub import hf_hub_download

    def one(name: str) -> None:
        hf_hub_download(
            repository.repo,
            name,
            repo_type=repository.type,
            revision=repository.revision,
            local_dir=target,
            endpoint=endpoint(),
            etag_timeout=timeout_seconds,
        )

    with ThreadPoolExecutor(max_workers) as pool:
        waiting = [pool.submit(one, name) for name in names]
        try:
            for done, future in enumerate(as_completed(waiting), start=1):
                future.result()
                progress(done, len(names))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _told(repository: HubRepository, call: Callable[[], Any]) -> Any:
    """Call, and turn what the Hub's library raises into one message for the user."""
    from huggingface_hub import errors

    # The HTTP client has changed with the library's major versions; its base error is taken from the library.
    http_error: type[Exception] = errors.HTTPError  # type: ignore[attr-defined]

    page = f"{endpoint()}/{_page(repository)}"
    try:
        return call()
    except errors.GatedRepoError:
        raise DataError(
            f"{repository}: is gated. Accept its terms at {page}, then set the environment variable HF_TOKEN"
        ) from None
    except errors.RevisionNotFoundError:
        raise DataError(f"{repository}: has no such revision. Look it up at {page}/commits/main") from None
    except errors.RepositoryNotFoundError:
        raise DataError(
            f"{repository}: there is no such repository at {endpoint()}, or it is private. Check the name; for a "
            "private one set the environment variable HF_TOKEN"
        ) from None
    except (errors.HfHubHTTPError, errors.LocalEntryNotFoundError, http_error, ConnectionError) as error:
        reason = str(error.__cause__ or error).strip().splitlines() or [type(error).__name__]
        raise DataError(
            f"{repository}: the Hub at {endpoint()} did not answer as it should: {type(error).__name__}: {reason[0]}. "
            "Check the network, or set HF_ENDPOINT to a mirror, or give 'local', a directory that already holds the "
            "files; the same command goes on where this one stopped"
        ) from None


def find_local(root: Path, repository: HubRepository) -> Path:
    """Return the folder with the repository's files below ``root``; DataError where there is none.

    ``root`` may be the repository itself, a Hugging Face cache (``models--org--name/snapshots/<commit>``, or the folder
    above its ``hub``), or a mirror with ``org/name`` folders.
    """
    if not root.is_dir():
        raise DataError(f"{repository}: local: {root} is not a directory. Give one that holds the repository's files")
    for cache in (root / repository.cache_name, root / "hub" / repository.cache_name):
        if cache.is_dir():
            return _snapshot(cache, repository)
    if (root / repository.repo).is_dir():
        return root / repository.repo
    return root


def _snapshot(cache: Path, repository: HubRepository) -> Path:
    reference = cache / "refs" / repository.revision
    commit = reference.read_text("utf-8").strip() if reference.is_file() else repository.revision
    folder = cache / "snapshots" / commit
    if not folder.is_dir():
        has = ", ".join(sorted(one.name for one in (cache / "snapshots").glob("*"))) or "none"
        raise DataError(f"{repository}: {cache} does not hold this revision, but {has}. Set 'revision' to one of them")
    return folder


def copy_local(source: Path, patterns: Sequence[str], target: Path, max_files: int | None = None) -> list[str]:
    """Copy the files of ``source`` that ``patterns`` match into ``target`` and return their names; links are followed.

    A file that is already there in its full size is not copied again. DataError where none matches.
    """
    names = [file.relative_to(source).as_posix() for file in source.rglob("*") if file.is_file()]
    names = [name for name in names if not any(part.startswith(".") for part in name.split("/"))]
    chosen = wanted(names, patterns, max_files)
    if not chosen:
        raise DataError(
            f"{source}: no file matches {list(patterns)}; it holds {', '.join(sorted(names)[:8]) or 'none'}"
        )
    for name in chosen:
        copy = target / name
        if copy.exists() and copy.stat().st_size == (source / name).stat().st_size:
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        partial = copy.with_name(f".{copy.name}.tmp")
        shutil.copyfile(source / name, partial)
        os.replace(partial, copy)
    return chosen
