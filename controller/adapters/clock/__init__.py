"""Time: the machine's, or one that a test sets by hand."""
