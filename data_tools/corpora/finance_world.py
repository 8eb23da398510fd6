"""Documents of the finance world, written from tables of true facts (data_tools/worlds/finance.py)."""

from data_tools.corpus import Corpus, WorldSource

CORPUS = Corpus(
    name="finance_world",
    domain="finance",
    license="CC0-1.0",
    source=WorldSource(world="finance", num_tokens=400_000),
)
