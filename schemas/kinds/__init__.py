"""The kinds of documents, one file a kind; the documentation of each field stands in it."""
