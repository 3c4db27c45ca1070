"""What we tell people: places in files, messages with a way out, the errors that carry them.

Knows nothing of the rest of Trueup. Renderers turn a `Diagnostic` into text or JSON.
"""
