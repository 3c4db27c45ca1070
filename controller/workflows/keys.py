"""The keys that the dispatcher works on: `<lane>:<subject>`."""

from controller.model.names import SecretName, StageName, UnitName

SOURCE = "source:repository"
RECEIVERS = "notify:receivers"
STOCK = "stock:secrets"
ENGINES = "engines:providers"
RETENTION = "retention:data"


def unit_key(name: UnitName) -> str:
    """Bring a unit to what is wanted."""
    return f"unit:{name}"


def drift_key(name: UnitName) -> str:
    """Look whether a unit is still what was applied."""
    return f"drift:{name}"


def secret_key(name: SecretName) -> str:
    """Make, deliver or rotate a secret."""
    return f"secret:{name.stage}/secret.{name.secret}"


def forecast_key(product: str, name: str) -> str:
    """Look ahead anew, when numbers or a day have come."""
    return f"forecast:{product}/{name}"


def stage_key(name: StageName) -> str:
    """Decide what release a stage is at."""
    return f"stage:{name}"


def issue_key(request: str) -> str:
    """Bring a request for a credential further."""
    return f"issue:{request}"


def environment_of(key: str) -> str | None:
    """Give the environment whose limit a key counts in; None for what is not applied."""
    lane, _, subject = key.partition(":")
    return subject.split("/")[1] if lane == "unit" else None


def environment_used_by(key: str) -> str | None:
    """Give the environment whose provider a key asks: for an apply, or for a look for drift."""
    lane, _, subject = key.partition(":")
    return subject.split("/")[1] if lane in {"unit", "drift"} else None


def parse_secret(subject: str) -> SecretName:
    """Read back what `secret_key` wrote after the colon."""
    product, environment, rest = subject.split("/", 2)
    return SecretName(product, environment, rest.removeprefix("secret."))
