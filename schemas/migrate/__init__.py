"""From one `apiVersion` to the next: one pure function a step, tried in order by `table.migrate`.

A step takes a document as plain values and tells which keys got which names: the values themselves
keep their places in the file, and so every message still points at the right line.
"""
