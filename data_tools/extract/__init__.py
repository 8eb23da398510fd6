"""Readers, one module per format: from one file to records, as it is read; what is wrong is yielded, not raised."""
