"""Office files: DOCX and EPUB."""
