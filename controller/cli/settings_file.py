"""Settings for a command, with errors that say what to mend."""

from pathlib import Path

from pydantic import ValidationError

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import ConfigurationWrong
from controller.settings import Settings


def read_settings(file: Path) -> Settings:
    """Read a settings file. Raises ConfigurationWrong; values are not repeated in it."""
    try:
        return Settings.read(file)
    except FileNotFoundError as error:
        raise ConfigurationWrong.because(
            f"there is no settings file `{file}`",
            hint="write one, or start with `trueup demo`, which writes one",
            code="settings/not-there",
        ) from error
    except ValidationError as error:
        raise ConfigurationWrong(
            Diagnostic(
                code="settings/wrong",
                message=f"`{file}`: `{'.'.join(map(str, found['loc']))}`: {found['msg']}",
            )
            for found in error.errors(include_input=False, include_url=False)
        ) from error
    except (OSError, ValueError) as error:
        raise ConfigurationWrong.because(
            f"the settings file `{file}` cannot be read as YAML", code="settings/wrong"
        ) from error
