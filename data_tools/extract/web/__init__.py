"""Web pages: the main content, and HTML of any kind as Markdown."""
