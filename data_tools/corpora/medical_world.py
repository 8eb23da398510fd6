"""Documents of the medical world, written from tables of true facts (data_tools/worlds/medical.py)."""

from data_tools.corpus import Corpus, WorldSource

CORPUS = Corpus(
    name="medical_world",
    domain="medical",
    license="CC0-1.0",
    source=WorldSource(world="medical", num_tokens=400_000),
)
