"""Open-licence articles of PubMed Central (Common Pile, filtered): 17 files of 43.6 GB, 3,829,689 articles.

An article's own licence (CC BY, CC BY-SA or CC0) stays in ``meta`` as ``metadata.license``.
"""

from data_tools.corpus import Corpus, Fields, HubSource, Size

CORPUS = Corpus(
    name="pubmed_open",
    domain="medical",
    license="CC-BY-4.0 AND CC-BY-SA-4.0 AND CC0-1.0",
    source=HubSource(
        repo="common-pile/pubmed_filtered",
        revision="c156f0569a92d8f2edc33cebe1f72f7d3e1cae84",
        files=("*.json.gz",),
        num_files=17,
    ),
    fields=Fields(id="id", date="created", keep=("metadata.license",)),
    size=Size(
        num_documents=3_829_689,
        num_bytes=147_100_000_000,
        num_tokens=36_600_000_000,
        download_bytes=43_555_182_605,
    ),
    homepage="https://huggingface.co/datasets/common-pile/pubmed_filtered",
    citation="Kandpal et al., The Common Pile v0.1, arXiv:2506.05209",
)
