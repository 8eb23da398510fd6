"""Names and addresses by a model from a local directory: a Hugging Face token classifier, or a spaCy pipeline.

Off unless a recipe names a directory. Nothing is fetched; weights are read from safetensors, and code beside a model is
not run. spaCy is no dependency: a pipeline of its own needs the library installed. How good the spans are is the
model's affair: measure it on notes like your own before you trust it. Left out: GLiNER, which cuts a text after 384
words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from data_tools.errors import DataError
from data_tools.model_files import check_model_folder
from data_tools.privacy.spans import Span

KIND_OF_LABEL: Mapping[str, str] = MappingProxyType({
    "PER": "person", "PERSON": "person", "NAME": "person", "PATIENT": "person", "DOCTOR": "person", "STAFF": "person",
    "HCW": "person", "FIRST_NAME": "person", "LAST_NAME": "person",
    "ADDRESS": "address", "STREET_ADDRESS": "address", "STREET": "address", "CITY": "address",
})  # fmt: skip
"""What the labels of common recognisers mean here. Not LOC and GPE: they would take every place from a text."""
MIN_SCORE = 0.5
PIECE_CHARACTERS = 100_000
OVERLAP_TOKENS = 64


class ModelRecogniser:
    """A recogniser: labelled ranges from a model, as spans of the kinds that their labels stand for."""

    def __init__(self, labelled: Callable[[str], Iterable[tuple[int, int, str]]], kinds: Mapping[str, str]) -> None:
        self._labelled = labelled
        self._kinds = kinds

    def __call__(self, text: str, /) -> Iterator[Span]:
        """Yield the names and addresses in ``text``, read in pieces of at most ``PIECE_CHARACTERS``."""
        begin = 0
        while begin < len(text):
            end = _piece_end(text, begin)
            for first, last, label in self._labelled(text[begin:end]):
                kind = self._kinds.get(label.upper().removeprefix("B-").removeprefix("I-"))
                if kind is not None and text[begin + first : begin + last].strip():
                    yield _trimmed(text, begin + first, begin + last, kind)
            begin = end


def load_recogniser(
    folder: Path, where: str = "recogniser", kinds: Mapping[str, str] = KIND_OF_LABEL, min_score: float = MIN_SCORE
) -> ModelRecogniser:
    """Load the model in ``folder``; ``kinds`` says which of its labels are names and addresses.

    Spans with a score under ``min_score`` (0..1; spaCy gives none) are left out. Raises ``DataError``, beginning with
    ``where``, if the directory holds no such model, its library is missing, or none of its labels is in ``kinds``.
    """
    if not folder.is_dir():
        raise DataError(
            f"{where}: {folder} is not a directory. Give a model's directory; names on the Hub are not fetched"
        )
    if (folder / "meta.json").is_file():
        labelled, labels = _spacy(folder, where)
    else:
        labelled, labels = _token_classifier(folder, where, min_score)
    if kinds.keys().isdisjoint(label.upper().removeprefix("B-").removeprefix("I-") for label in labels):
        raise DataError(
            f"{where}: {folder} has no label for names or addresses, got {', '.join(sorted(labels))}. "
            f"Say which it has with kinds; known are {', '.join(kinds)}"
        )
    return ModelRecogniser(labelled, kinds)


_Labelled = Callable[[str], Iterable[tuple[int, int, str]]]


def _token_classifier(folder: Path, where: str, min_score: float) -> tuple[_Labelled, set[str]]:
    config = check_model_folder(folder, where)
    if not any("TokenClassification" in name for name in config.get("architectures") or ()):
        raise DataError(
            f"{where}: {folder} is no token classifier, got {config.get('architectures')}. "
            "Give one that was trained to label names"
        )
    from transformers import AutoModelForTokenClassification, AutoTokenizer, pipeline

    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForTokenClassification.from_pretrained(folder, local_files_only=True, use_safetensors=True)
    # Some tokenizers do not know their model's limit, and would hand it a whole document.
    tokenizer.model_max_length = min(tokenizer.model_max_length, getattr(model.config, "max_position_embeddings", 512))
    stride = min(OVERLAP_TOKENS, tokenizer.model_max_length // 4)
    classify = pipeline(
        "token-classification",
        model=model,
        tokenizer=tokenizer,
        aggregation_strategy="simple",
        stride=stride,
        device="cpu",
    )

    def labelled(text: str) -> Iterator[tuple[int, int, str]]:
        entities: list[dict[str, Any]] = classify(text)
        for entity in entities:
            if entity["score"] >= min_score:
                yield entity["start"], entity["end"], entity["entity_group"]

    return labelled, set(model.config.id2label.values())


def _spacy(folder: Path, where: str) -> tuple[_Labelled, set[str]]:
    try:
        import spacy
    except ImportError:
        raise DataError(
            f"{where}: {folder} is a spaCy pipeline, and spaCy is not installed. Install it, or give a Hugging Face "
            "token classifier"
        ) from None
    try:
        language = spacy.load(folder)
    except (OSError, ValueError, ImportError) as error:
        reason = str(error).partition("\n")[0]
        raise DataError(f"{where}: spaCy cannot load {folder}: {reason} Save the pipeline again with to_disk") from None

    def labelled(text: str) -> Iterator[tuple[int, int, str]]:
        for entity in language(text).ents:
            yield entity.start_char, entity.end_char, entity.label_

    return labelled, {label for name in language.pipe_names for label in getattr(language.get_pipe(name), "labels", ())}


def _piece_end(text: str, begin: int) -> int:
    """Where the piece from ``begin`` on ends: after its last line, else sentence, else word; names stay whole."""
    end = begin + PIECE_CHARACTERS
    if end >= len(text):
        return len(text)
    for mark in ("\n", ". ", " "):
        place = text.rfind(mark, begin + PIECE_CHARACTERS // 2, end)
        if place >= 0:
            return place + len(mark)
    return end


def _trimmed(text: str, begin: int, end: int, kind: str) -> Span:
    """Byte-level tokenizers count the space before a word to it."""
    found = text[begin:end]
    return Span(begin + len(found) - len(found.lstrip()), end - len(found) + len(found.rstrip()), kind)
