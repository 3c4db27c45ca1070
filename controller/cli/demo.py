"""`trueup demo`."""

from pathlib import Path

import click

from controller.cli.examples import example


@click.command(epilog=example("trueup demo --once"))
@click.option("--once", is_flag=True, help="Play every scene, stop all, and end with a summary.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8080,
    show_default=True,
    help="Port of the pages; 0 takes a free one.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("trueup-demo"),
    show_default=True,
    help="Folder for everything; the same folder again continues.",
)
@click.option(
    "-o",
    "--output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="Text for people, or JSON for programs.",
)
def command(*, once: bool, port: int, directory: Path, output: str) -> int:
    """Play the main job on this machine, from an empty folder.

    Needs no account and no other program than Git.
    """
    from controller.demo.run import demo

    return demo(directory, port=port, once=once, output=output)
