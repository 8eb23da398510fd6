"""Names and addresses by a local model: tiny real ones, made here."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from data_tools.errors import DataError
from data_tools.privacy import policy_for, replace_personal_data
from data_tools.privacy.recogniser import load_recogniser

WORDS = ("[UNK]", "[PAD]", "[CLS]", "[SEP]", "ann", "smith", "saw", "the", "doctor", "in", "leeds", ",", ".")
LABELS = ("O", "B-PER", "I-PER", "B-LOC")
SENTENCE, TAGS = ("ann", "smith", "saw", "the", "doctor", "in", "leeds", "."), (1, 2, 0, 0, 0, 0, 3, 0)
MAX_TOKENS = 32


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A token classifier of 2 layers that has learnt one sentence, with 32 positions."""
    import torch
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
    from transformers import BertConfig, BertForTokenClassification, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("model")
    tokenizer = Tokenizer(models.WordLevel({word: place for place, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    marks = {"unk_token": "[UNK]", "pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]"}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32,
        max_position_embeddings=MAX_TOKENS, id2label=dict(enumerate(LABELS)),
        label2id={label: place for place, label in enumerate(LABELS)},
    )  # fmt: skip
    classifier = BertForTokenClassification(config)
    optimizer = torch.optim.Adam(classifier.parameters(), lr=5e-3)
    repeats = MAX_TOKENS // len(SENTENCE)
    input_ids_BT = torch.tensor([[WORDS.index(word) for word in SENTENCE] * repeats])
    labels_BT = torch.tensor([list(TAGS) * repeats])
    for _ in range(40):
        optimizer.zero_grad()
        classifier(input_ids=input_ids_BT, labels=labels_BT).loss.backward()
        optimizer.step()
    classifier.save_pretrained(folder)
    return folder


def test_names_are_masked_in_texts_longer_than_the_model_reads(model: Path) -> None:
    recogniser = load_recogniser(model)
    policy = policy_for("geo", recogniser=recogniser)
    masked, counts = replace_personal_data("Ann Smith saw the doctor in Leeds. " * 30, policy)
    assert masked == "[NAME] saw the doctor in Leeds. " * 30
    assert counts == {"person": 30}
    assert list(recogniser("")) == []


def test_which_labels_count_and_how_sure_the_model_must_be_can_be_said(model: Path) -> None:
    text = "Ann Smith saw the doctor in Leeds."
    kinds = {"LOC": "address"}
    assert [(span.kind, text[span.begin : span.end]) for span in load_recogniser(model, kinds=kinds)(text)] == [
        ("address", "Leeds")
    ]
    assert list(load_recogniser(model, min_score=1.01)(text)) == []


def test_pieces_end_between_sentences(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_tools.privacy.recogniser.PIECE_CHARACTERS", 40)
    text = "Ann Smith saw the doctor in Leeds. " * 5
    found = [text[span.begin : span.end] for span in load_recogniser(model)(text)]
    assert found == ["Ann Smith"] * 5


def test_a_spacy_pipeline_is_read_if_spacy_is_there(tmp_path: Path) -> None:
    spacy = pytest.importorskip(
        "spacy", reason="spaCy is no dependency; its pipelines are read only where it is installed"
    )
    language = spacy.blank("en")
    ruler = language.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "PERSON", "pattern": "Ann Smith"}, {"label": "GPE", "pattern": "Leeds"}])
    language.to_disk(tmp_path)
    text = "Yesterday Ann Smith left Leeds."
    assert [text[span.begin : span.end] for span in load_recogniser(tmp_path)(text)] == ["Ann Smith"]
    (tmp_path / "config.cfg").write_text("[nlp]\n")
    with pytest.raises(
        DataError, match=r"step clean: recogniser: spaCy cannot load .*Save the pipeline again with to_disk"
    ):
        load_recogniser(tmp_path, "step clean: recogniser")


def test_a_directory_with_no_such_model_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(
        DataError, match=r"recogniser: dslim/bert is not a directory\. Give a model's directory; names on"
    ):
        load_recogniser(Path("dslim/bert"))
    with pytest.raises(
        DataError, match=re.escape("has no label for names or addresses, got B-LOC, B-PER, I-PER, O. Say")
    ):
        load_recogniser(model, kinds={"SURNAME": "person"})
    for name in model.iterdir():
        (tmp_path / name.name).write_bytes(name.read_bytes())
    config = json.loads((model / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps({**config, "architectures": ["BertModel"]}))
    with pytest.raises(
        DataError, match=r"is no token classifier, got \['BertModel'\]\. Give one that was trained to label"
    ):
        load_recogniser(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    with pytest.raises(DataError, match=r"has no safetensors weights"):
        load_recogniser(tmp_path)
