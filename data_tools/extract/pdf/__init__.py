"""PDF: what PDFium says of a page, put back into columns, paragraphs, headings and tables."""
