"""`trueup schema`."""

import json
from pathlib import Path

import click

from controller.cli.examples import example
from controller.cli.output import print_json
from controller.diagnostics.errors import Stalled


class KindUnknown(Stalled):
    """There is no such kind of document."""

    code = "cli/kind-unknown"


@click.command(
    epilog=example(
        "trueup schema > platform.schema.json",
        "trueup schema Stack",
        "trueup schema --out platform-config/.schemas",
    )
)
@click.argument("kind", required=False)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a file for each kind, and `platform.json` for documents of any kind, into this "
    "folder.",
)
def command(kind: str | None, out: Path | None) -> None:
    """Print the JSON Schema of documents, for editors.

    Without KIND it is the schema of documents of any kind. An editor with the YAML language server
    takes it from the line `# yaml-language-server: $schema=…/platform.json` at the head of a file,
    and again after each `---`: it holds for one document.
    """
    from schemas.json_schema import json_schema, schema_files
    from schemas.registry import KINDS

    if kind is not None and kind not in KINDS:
        raise KindUnknown.because(
            f"there is no kind `{kind}`", hint=f"the kinds are {', '.join(sorted(KINDS))}"
        )
    if out is None:
        print_json(json_schema(kind))
        return
    out.mkdir(parents=True, exist_ok=True)
    for name, schema in schema_files(kind).items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (out / name).write_text(text, encoding="utf-8")
        click.echo(out / name)
