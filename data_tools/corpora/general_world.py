"""Documents of the general world, written from tables of true facts (data_tools/worlds/general.py)."""

from data_tools.corpus import Corpus, WorldSource

CORPUS = Corpus(
    name="general_world",
    domain="general",
    license="CC0-1.0",
    source=WorldSource(world="general", num_tokens=1_000_000),
)
