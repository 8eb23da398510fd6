"""XML of articles and textbooks: JATS, PubMed, TEI, CNXML; MathML as LaTeX."""
