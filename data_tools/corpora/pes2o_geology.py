"""Open-access papers of geology: those of peS2o (Common Pile, filtered) that Semantic Scholar files under Geology.

The whole of peS2o_filtered is 48 files of 30.6 GB, 6,117,280 papers, 182.6 GB of text, 43.3 billion tokens
(arXiv:2506.05209, table 6, and the card). How many are geology has not been counted: 2 % is an assumption, used for
estimates only. A paper's own licence stays in ``meta`` as ``metadata.oa_license``.
"""

from data_tools.corpus import Corpus, Fields, HubSource, Size

CORPUS = Corpus(
    name="pes2o_geology",
    domain="geo",
    license="CC-BY-4.0 AND CC-BY-SA-4.0 AND CC0-1.0 AND LicenseRef-PublicDomain",
    source=HubSource(
        repo="common-pile/peS2o_filtered",
        revision="297747513bfb0ff1fbf61ddad3b03319d0f04597",
        files=("*.json.gz",),
        num_files=48,
    ),
    fields=Fields(
        id="id",
        date="created",
        keep=("metadata.oa_license", "metadata.oa_url", "metadata.year"),
        where={"metadata.s2fieldsofstudy": ("Geology",)},
    ),
    size=Size(
        num_documents=6_117_280,
        num_bytes=182_600_000_000,
        num_tokens=43_300_000_000,
        download_bytes=30_570_879_987,
        assumed_share=0.02,
    ),
    homepage="https://huggingface.co/datasets/common-pile/peS2o_filtered",
    citation="Kandpal et al., The Common Pile v0.1, arXiv:2506.05209",
)
