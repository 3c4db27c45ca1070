"""Settings for a command, with errors that say what to mend."""

import difflib
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from yaml import YAMLError

from controller.diagnostics.diagnostic import Diagnostic
from controller.diagnostics.errors import ConfigurationWrong
from controller.settings import (
    Settings,
    are_in_variables,
    setting_names,
    unknown_variables,
    variable_of,
)

FILE = Path("trueup.yaml")


def settings_of(file: Path | None) -> Settings:
    """Read the file that was named, else `trueup.yaml`, else variables alone when they suffice.

    Raises ConfigurationWrong.
    """
    if file is None and not FILE.exists() and are_in_variables():
        return read_settings(None)
    return read_settings(file or FILE)


def read_settings(file: Path | None) -> Settings:
    """Read a settings file and variables. Raises ConfigurationWrong, which repeats no values."""
    _refuse_unknown_variables()
    place = f"`{file}`" if file is not None else "the variables"
    try:
        return Settings.read(file)
    except FileNotFoundError as error:
        raise ConfigurationWrong.because(
            f"there is no settings file `{file}`",
            hint="write one, or start with `trueup demo`, which writes one;"
            " `TRUEUP_REPOSITORY__URL` and other variables do as well",
            code="settings/not-there",
        ) from error
    except ValidationError as error:
        raise ConfigurationWrong(
            _wrong(place, found) for found in error.errors(include_input=False, include_url=False)
        ) from error
    # A key such as `no` is no text in YAML 1.1, and pydantic-settings asks it for its letters.
    except (OSError, ValueError, AttributeError, YAMLError) as error:
        raise ConfigurationWrong.because(
            f"{place} cannot be read as settings", code="settings/wrong"
        ) from error


def _wrong(place: str, found: ErrorDetails) -> Diagnostic:
    setting = ".".join(map(str, found["loc"]))
    if found["type"] != "extra_forbidden":
        return Diagnostic(code="settings/wrong", message=f"{place}: `{setting}`: {found['msg']}")
    return Diagnostic(
        code="settings/wrong",
        message=f"{place}: `{setting}` is no setting",
        hint=_meant(setting, setting_names()),
    )


def _refuse_unknown_variables() -> None:
    unknown = unknown_variables()
    if unknown:
        variables = [variable_of(setting) for setting in setting_names()]
        raise ConfigurationWrong(
            Diagnostic(
                code="settings/unknown-variable",
                message=f"the variable `{name}` names no setting",
                hint=_meant(name.upper(), variables),
            )
            for name in unknown
        )


def _meant(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"did you mean `{close[0]}`?" if close else "`docs/settings.md` has all settings"
