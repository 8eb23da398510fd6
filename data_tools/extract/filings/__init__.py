"""EDGAR filings: HTML with inline XBRL, typed text, and submissions of several documents."""
