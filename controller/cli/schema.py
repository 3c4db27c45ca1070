"""`trueup schema`."""

import click

from controller.cli.examples import example
from controller.cli.output import print_json
from controller.diagnostics.errors import Stalled


class KindUnknown(Stalled):
    """There is no such kind of document."""

    code = "cli/kind-unknown"


@click.command(epilog=example("trueup schema > platform.schema.json", "trueup schema Stack"))
@click.argument("kind", required=False)
def command(kind: str | None) -> None:
    """Print the JSON Schema of documents, for editors.

    Without KIND it is the schema of documents of any kind.
    """
    from schemas.json_schema import json_schema
    from schemas.registry import KINDS

    if kind is not None and kind not in KINDS:
        raise KindUnknown.because(
            f"there is no kind `{kind}`", hint=f"the kinds are {', '.join(sorted(KINDS))}"
        )
    print_json(json_schema(kind))
