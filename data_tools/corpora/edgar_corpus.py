"""EDGAR-CORPUS: the items of annual reports (10-K) filed with the SEC from 1993 to 2020, about 6.5 billion tokens.

The commit is of the Hub's Parquet conversion: the data set itself ships a loading script, which is never run.
"""

from data_tools.corpus import Corpus, Fields, HubSource, Size

_ITEMS = ("1", "1A", "1B", "2", "3", "5", "6", "7", "7A", "8", "9", "9A", "10", "11", "12", "13")

CORPUS = Corpus(
    name="edgar_corpus",
    domain="finance",
    license="Apache-2.0",
    source=HubSource(
        repo="eloukas/edgar-corpus",
        revision="f7d3ba73d65ff10194a95b84c75eb484d60b0ede",
        files=("year_*/train/*.parquet",),
    ),
    fields=Fields(text=tuple(f"section_{item}" for item in _ITEMS), id="filename", date="year", keep=("cik",)),
    size=Size(num_tokens=6_500_000_000),
    homepage="https://huggingface.co/datasets/eloukas/edgar-corpus",
    citation="Loukas et al., EDGAR-CORPUS, ECONLP 2021, arXiv:2109.14394",
)
