"""Rule-making documents of US federal agencies (Common Pile, filtered): 2 files, about 1.3 billion tokens.

Works of the US government, so in the public domain there (17 U.S.C. 105).
"""

from data_tools.corpus import Corpus, Fields, HubSource, Size

CORPUS = Corpus(
    name="us_regulations",
    domain="finance",
    license="LicenseRef-PublicDomain",
    source=HubSource(
        repo="common-pile/regulations_filtered",
        revision="3327364490dfc7929009226ad667eceb2441d93a",
        files=("*.json.gz",),
        num_files=2,
    ),
    fields=Fields(id="id", date="created", keep=("metadata.license", "metadata.url")),
    size=Size(num_tokens=1_280_000_000),
    homepage="https://huggingface.co/datasets/common-pile/regulations_filtered",
    citation="Kandpal et al., The Common Pile v0.1, arXiv:2506.05209",
)
