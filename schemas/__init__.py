"""Models of the YAML: what *one* document may hold. Only the standard library and pydantic.

What needs two documents (does this environment exist?) is the business of `controller.steps.load`.
A schema raises `ValueError` in words that continue "expected …".
"""
