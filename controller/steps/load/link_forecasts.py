"""Forecasts: the file of numbers is there, and every number of it can be read."""

from controller.model.catalog import Reference
from controller.model.snapshot import FileKind
from controller.steps.load.linking import Linking
from controller.steps.load.series_file import read_series
from controller.steps.load.suggest import did_you_mean
from schemas.kinds.forecast import CsvSource, Forecast
from schemas.kinds.product import Product

_TABLES = (".csv", ".tsv", ".txt")


def link_forecast(linking: Linking, reference: Reference, model: Forecast) -> None:
    """Check where the numbers come from."""
    source = model.spec.source
    if source.csv is not None:
        _link_file(linking, reference, source.csv)
    if source.database is not None:
        path = ("spec", "source", "database")
        product = linking.model(Reference("Product", "", reference.product))
        if isinstance(product, Product):
            known = product.spec.environments
            environment = source.database.environment
            linking.choose(reference, environment, known, "environment", (*path, "environment"))
        secret = source.database.login.secret
        linking.need(reference, "Secret", secret, (*path, "login"), product=reference.product)


def _link_file(linking: Linking, reference: Reference, source: CsvSource) -> None:
    entry = linking.file(source.file)
    if entry is None or entry.kind not in {FileKind.REGULAR, FileKind.EXECUTABLE}:
        known = {name for name in linking.tree.files if name.endswith(_TABLES)}
        linking.report(
            reference,
            "load/unknown-path",
            f"`{source.file}` is {'not a file' if entry else 'not there'}",
            ("spec", "source", "csv", "file"),
            expected="a file of this repository",
            hint=did_you_mean(source.file, known),
        )
        return
    _, faults = read_series(source.file, linking.read(source.file), source)
    for fault in faults:
        linking.found.setdefault(reference, []).append(fault)
