"""Documents of the geo world, written from tables of true facts (data_tools/worlds/geo.py)."""

from data_tools.corpus import Corpus, WorldSource

CORPUS = Corpus(
    name="geo_world",
    domain="geo",
    license="CC0-1.0",
    source=WorldSource(world="geo", num_tokens=400_000),
)
