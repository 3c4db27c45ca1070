"""One subject a file: a function from the changes of a plan to findings, without points."""
