"""Where the providers of a unit look: what may not change below things that were made there.

Given another region, Terraform finds nothing of what it made, and makes everything anew: nothing is
destroyed, so nothing asks, and the old things stay where they are. What a unit was applied with is
therefore kept with it, and compared.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from schemas.kinds.environment import EnvironmentSpec

Places = Mapping[str, Mapping[str, str]]
"""What the module calls a configuration → path of a value in it → the value as text."""

HARMLESS = frozenset({
    # what is written on things, or left alone on them
    "default_tags", "ignore_tags", "tags", "transitive_tag_keys", "default_labels",
    "add_terraform_attribution_label",
    # how often and by what way it asks
    "max_retries", "retry_mode", "token_bucket_rate_limiter_capacity", "request_timeout",
    "request_reason", "batching", "user_agent", "http_proxy", "https_proxy", "no_proxy", "insecure",
    "custom_ca_bundle", "s3_use_path_style", "use_dualstack_endpoint", "use_fips_endpoint",
    "ec2_metadata_service_endpoint", "ec2_metadata_service_endpoint_mode", "sts_region",
    # what it checks before it begins
    "skip_credentials_validation", "skip_metadata_api_check", "skip_region_validation",
    "skip_requesting_account_id", "forbidden_account_ids",
    # what a session is called, how long it lives, and what it may not do
    "session_name", "source_identity", "duration", "policy", "policy_arns", "external_id",
    "features",
})  # fmt: skip
"""Names of values after a change of which a provider finds the same things as before."""
ACCOUNTS = "allowed_account_ids"
"""A check of the account: it is another one only when both lists have nothing in common."""
LOGINS = frozenset({
    "profile", "shared_credentials_files", "shared_config_files", "assume_role",
    "assume_role_with_web_identity",
})  # fmt: skip
"""By what it gets into an account: harmless where the one allowed account stays the same."""
_CREDENTIAL = re.compile(r"secret|token|password|credentials$|_key$|certificate")
_LOGIN = re.compile(r"//[^/@]*@")


def places(spec: EnvironmentSpec, passed: Mapping[str, str]) -> Places:
    """Give where each configuration looks that a module gets; no credential is in it."""
    return {name: dict(_values("", spec.provider(given))) for name, given in passed.items()}


def _values(path: str, value: object) -> Iterator[tuple[str, str]]:
    if isinstance(value, (tuple, list)) and any(isinstance(each, Mapping) for each in value):
        for number, each in enumerate(value):  # a block may be written as a list of one
            yield from _values(f"{path}.{number}" if number else path, each)
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            if key not in HARMLESS and not _CREDENTIAL.search(key):
                yield from _values(f"{path}.{key}" if path else key, inner)
    elif value is not None:
        text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
        yield path, _LOGIN.sub("//", text)


def moves(made_with: Iterable[Places], now: Places) -> tuple[str, ...]:
    """Say what looks elsewhere now than something that is there was made with."""
    found = {told for then in made_with for told in _differences(then, now)}
    return tuple(sorted(found))


def _differences(then: Places, now: Places) -> Iterator[str]:
    for name, before in then.items():
        if name not in now:
            if before not in now.values():
                yield f"`{name}` is not used any more"
            continue
        after = now[name]
        harmless = LOGINS if _is_same_account(before, after) else frozenset()
        changed = [
            f"`{key}` {before.get(key, '(not set)')} → {after.get(key, '(not set)')}"
            for key in sorted(before.keys() | after.keys())
            if key.partition(".")[0] not in harmless
            and _is_elsewhere(key, before.get(key), after.get(key))
        ]
        if changed:
            yield f"`{name}`: {', '.join(changed)}"


def _is_elsewhere(key: str, before: str | None, after: str | None) -> bool:
    if key == ACCOUNTS:
        return not (_accounts(before) & _accounts(after)) if before and after else False
    return before != after


def _is_same_account(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Tell whether a provider that finds itself in another account would refuse to work."""
    allowed = before.get(ACCOUNTS, "")
    return allowed == after.get(ACCOUNTS) and len(_accounts(allowed)) == 1


def _accounts(text: str) -> frozenset[str]:
    listed: object = json.loads(text) if text.startswith("[") else []
    return frozenset(map(str, listed)) if isinstance(listed, list) else frozenset()
