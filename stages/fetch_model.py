"""Fetch a base model from the Hugging Face Hub, once, at its pinned commit; or take a local model directory."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator

from data_tools.errors import DataError
from data_tools.hub import HubRepository, copy_local, fetch, find_local
from data_tools.model_files import CODE_PATTERN, PATTERNS, check_model_folder, count_parameters
from pipeline.errors import RecipeError, StepError
from pipeline.identity import Hasher, Json
from pipeline.output import Output
from pipeline.recipe_file import follow
from pipeline.stage import CheckContext, Estimate, Inputs, Resources, Stage
from stages.fetch_data import DOWNLOAD_BYTES_PER_SECOND, FetchResources
from stages.ingest import FolderPath

PUBLISHED_PARAMETERS = {
    "allenai/OLMo-2-0425-1B": 1_484_916_736,
    "allenai/OLMo-2-1124-7B": 7_298_617_344,
    "allenai/OLMo-2-1124-13B": 13_716_198_400,
    "allenai/OLMo-2-0325-32B": 32_234_279_936,
}
"""All parameters, embeddings among them, for estimates; each follows from the model's published shape."""
_BYTES_PER_PARAMETER = 4
"""OLMo 2 is published in float32; an upper bound for others."""
_REPOSITORY = re.compile(r"[\w.-]+/[\w.-]+")


def _place(value: str) -> str:
    """A directory that exists, or anything written as a path, becomes absolute; ``org/name`` stays."""
    is_path = value.startswith(("/", "./", "../", "~")) or Path(value).is_dir()
    return str(follow(value)) if is_path else value


class FetchModel(Stage):
    """A base model to ``model/``: safetensors, configuration, tokenizer, chat template. Never a pickle."""

    name: ClassVar[str] = "fetch_model"
    gives: ClassVar[str] = "model"
    resources_type: ClassVar[type[Resources]] = FetchResources
    online: ClassVar[bool] = True

    model: Annotated[str, AfterValidator(_place)]
    """``organisation/name`` on the Hub, or a model directory on this machine."""
    revision: str = ""
    """The commit (40 hexadecimal characters); needed for a model on the Hub. A branch can be planned, not fetched."""
    local: FolderPath = ""
    """Copy a Hub model from this directory instead: the repository itself, a Hugging Face cache, or a mirror."""
    trust_remote_code: bool = False
    """Also take the model's own Python code, which loading it will run."""

    def check(self, context: CheckContext) -> None:
        try:
            folder = self._folder()
            if folder is not None:
                check_model_folder(folder, f"{context.where}: model", self.trust_remote_code)
                return
        except DataError as error:
            message = str(error)
            raise RecipeError(message if message.startswith(context.where) else f"{context.where}: {error}") from None
        if not _REPOSITORY.fullmatch(self.model):
            raise RecipeError(
                f"{context.where}: model: must be organisation/name on the Hub or a directory, got {self.model!r}"
            )
        if not self.revision:
            raise RecipeError(
                f"{context.where}: revision: is missing for {self.model}. Pin the commit, 40 hexadecimal characters"
            )

    def _folder(self) -> Path | None:
        """Return the local directory that the model comes from, or None for the Hub."""
        if Path(self.model).is_absolute():
            return Path(self.model)
        return find_local(Path(self.local), self._repository()) if self.local else None

    def _repository(self) -> HubRepository:
        return HubRepository(self.model, self.revision, "model")

    def _patterns(self) -> tuple[str, ...]:
        return (*PATTERNS, CODE_PATTERN) if self.trust_remote_code else PATTERNS

    def depends_on(self, hasher: Hasher) -> Mapping[str, Json]:
        folder = self._folder()
        if folder is not None:
            return {"content": hasher.folder(folder)}
        return {"repo": self.model, "revision": self.revision}

    def estimate(self, inputs: Mapping[str, Sequence[Estimate]], resources: Resources) -> Estimate:
        folder = self._folder()
        if folder is not None:
            num_bytes = float(sum(file.stat().st_size for file in folder.glob("*.safetensors")))
            parameters = float(count_parameters(folder)["total"])
            return Estimate(
                num_parameters=parameters, disk_bytes=num_bytes, seconds=num_bytes / 5e8, basis="a local copy"
            )
        known = PUBLISHED_PARAMETERS.get(self.model)
        if known is None:
            return Estimate(basis=f"size of {self.model} not known here")
        disk = float(known * _BYTES_PER_PARAMETER)
        seconds = disk / DOWNLOAD_BYTES_PER_SECOND
        return Estimate(num_parameters=known, disk_bytes=disk, seconds=seconds, basis="published float32 size; 50 MB/s")

    def run(self, inputs: Inputs, out: Output) -> Mapping[str, Json]:
        target = out.path / "model"
        try:
            names = self._bring(target, out)
            config = check_model_folder(target, f"step {out.step}: {self.model}", self.trust_remote_code)
            parameters = count_parameters(target)
        except DataError as error:
            raise StepError(_from_step(out.step, error)) from None
        return {
            "model": self.model if _REPOSITORY.fullmatch(self.model) else Path(self.model).name,
            "revision": self.revision,
            "files": len(names),
            "bytes": sum((target / name).stat().st_size for name in names),
            "num_parameters": parameters["total"],
            "num_embedding_parameters": parameters["embedding"],
            "architecture": _architecture(config),
        }

    def _bring(self, target: Path, out: Output) -> list[str]:
        folder = self._folder()
        if folder is not None:
            return copy_local(folder, self._patterns(), target)
        assert isinstance(out.resources, FetchResources)
        return fetch(
            self._repository(),
            self._patterns(),
            target,
            max_workers=out.resources.max_workers,
            timeout_seconds=out.resources.timeout_seconds,
            progress=lambda done, total: out.progress(done, total, "files"),
        )


def _architecture(config: Mapping[str, Any]) -> str:
    names = config.get("architectures") or ["unknown"]
    return str(names[0])


def _from_step(step: str, error: DataError) -> str:
    message = str(error)
    return message if message.startswith(f"step {step}") else f"step {step}: {message}"


STAGE = FetchModel
