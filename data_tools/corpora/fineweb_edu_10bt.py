"""FineWeb-Edu, the sample of 10 billion tokens: educational web pages, the general replay of the cluster profiles.

14 Parquet files of 28.5 GB, 9,672,101 pages. The licence covers the compilation; Common Crawl's terms of use apply to
the pages.
"""

from data_tools.corpus import Corpus, Fields, HubSource, Size

CORPUS = Corpus(
    name="fineweb_edu_10bt",
    domain="general",
    license="ODC-By-1.0",
    source=HubSource(
        repo="HuggingFaceFW/fineweb-edu",
        revision="87f09149ef4734204d70ed1d046ddc9ca3f2b8f9",
        files=("sample/10BT/*.parquet",),
        num_files=14,
    ),
    fields=Fields(id="id", keep=("url", "dump", "language_score", "score")),
    size=Size(num_documents=9_672_101, num_tokens=10_000_000_000, download_bytes=28_518_193_415),
    homepage="https://huggingface.co/datasets/HuggingFaceFW/fineweb-edu",
    citation="Penedo et al., The FineWeb Datasets, arXiv:2406.17557",
)
