"""What we tell people: places in files, messages with a way out, the errors that carry them.

Knows nothing of the rest of Trueup. Renderers turn one `Diagnostic` into text, JSON and other formats.
"""
