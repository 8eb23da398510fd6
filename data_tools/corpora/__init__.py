"""Built-in corpora, one per file; each sets ``CORPUS``. See docs/adding-a-corpus.md."""
