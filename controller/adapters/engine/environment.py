"""The environment of an engine, built from nothing: what we were told never reaches a provider."""

from collections.abc import Mapping
from pathlib import Path

CLI_CONFIG = "disable_checkpoint = true\n"


def build_environment(
    home: Path,
    *,
    path: str,
    cli_config: Path | None = None,
    extras: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Give the whole environment of an engine process, and make its private folder `home`.

    `path` is the PATH for provisioners and wrappers of providers; `cli_config` a configuration file
    of the command line with mirrors, without which an empty one is used (so that no file of the
    person who started us is read); `extras` are added last.
    """
    home = home.resolve()
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    home.chmod(0o700)
    if cli_config is None:
        cli_config = home / "terraform.rc"
        cli_config.write_text(CLI_CONFIG, encoding="utf-8")
    return {
        "PATH": path,
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "TF_CLI_CONFIG_FILE": str(cli_config.resolve()),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
        "GOGC": "400",
        **(extras or {}),
    }
