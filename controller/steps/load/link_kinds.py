"""Documents that point at others: products, pipelines, secrets, load tests, policies."""

from collections.abc import Callable, Iterator, Mapping

from controller.diagnostics.diagnostic import Severity
from controller.model.catalog import Reference
from controller.model.issuance import TargetKind
from controller.model.issue_limits import NotIssuedError, asked_path, limits_of, target_of
from controller.model.snapshot import FileKind
from controller.steps.load.link_forecasts import (
    link_capacity_plan,
    link_forecast,
    link_load_profile,
)
from controller.steps.load.link_policies import link_policy
from controller.steps.load.linking import Linking, environments_of
from controller.steps.load.nodes import Path
from controller.steps.load.suggest import did_you_mean, one_of
from schemas.document import Document as DocumentModel
from schemas.kinds.credential_request import CredentialRequest
from schemas.kinds.exception import AllowedFinding
from schemas.kinds.load_test import LoadTest
from schemas.kinds.notification import Notification
from schemas.kinds.pipeline import Gates, Pipeline, PipelineStage
from schemas.kinds.product import Product
from schemas.kinds.secret import Secret
from schemas.kinds.secret_store import SecretStore

_LOAD_TESTS = "loadtests/"
RESTARTED = "localcloud_service"
"""What a stack holds that can be restarted."""


def link_product(linking: Linking, reference: Reference, model: Product) -> None:
    """Check that each environment is there, once."""
    seen: set[str] = set()
    for index, name in enumerate(model.spec.environments):
        path = ("spec", "environments", index)
        if not linking.is_known(Reference("Environment", "", name)):
            linking.need(reference, "Environment", name, path)
        if name in seen:
            message = f"the environment `{name}` stands here twice"
            linking.report(
                reference, "load/duplicate-entry", message, path, hint="take one of them away"
            )
        seen.add(name)


def link_secret(linking: Linking, reference: Reference, model: Secret) -> None:
    """Check the store, and the outputs that the value is made from."""
    linking.need(reference, "SecretStore", model.spec.store, ("spec", "store"))
    _hint_at_dynamic(linking, reference, model)
    for path, target in model.spec.generate.outputs() if model.spec.generate else ():
        linking.link_output(reference, target, ("spec", "generate", *path))
    for path, store in model.spec.generate.stores() if model.spec.generate else ():
        linking.need(reference, "SecretStore", store, ("spec", "generate", *path))
    for index, consumer in enumerate(model.spec.consumers):
        if consumer.stack is not None:
            at: Path = ("spec", "consumers", index, "stack")
            _check_restartable(linking, reference, consumer.stack, at)


def _check_restartable(linking: Linking, reference: Reference, name: str, path: Path) -> None:
    """Check that the stack is there, and has services of the local cloud.

    It is not needed before the secret: it may well be the one that reads it.
    """
    product = reference.product
    if not linking.is_known(Reference("Stack", product, name)):
        linking.need(reference, "Stack", name, path, product=product)
    elif _is_restartable(linking, product, name) is False:
        names = linking.names("Stack", product)
        linking.report(
            reference,
            "load/not-restartable",
            f"the stack `{name}` has no service of the local cloud that could be restarted",
            path,
            expected=one_of([each for each in names if _is_restartable(linking, product, each)])
            or "another `ack`",
            hint="let it tell by itself, with `ack: poll`",
        )


def _is_restartable(linking: Linking, product: str, name: str) -> bool | None:
    """Tell whether a stack can be restarted; None when it cannot be read."""
    stack = linking.stack(product, name)
    module = linking.module(stack.spec.module) if stack is not None else None
    return RESTARTED in module.kinds if module is not None else None


def _hint_at_dynamic(linking: Linking, reference: Reference, model: Secret) -> None:
    """Say so where people may ask for a login that stays, and could have one of their own."""
    store = linking.model(Reference("SecretStore", "", model.spec.store))
    is_login = model.spec.generate is not None and model.spec.generate.postgres_login is not None
    if model.spec.issue is None or not is_login or not isinstance(store, SecretStore):
        return
    engine = store.spec.engines.database if store.spec.engines else None
    if engine is not None:
        role = f"{model.spec.store}/{engine.roles[0].name}"
        linking.report(
            reference,
            "load/dynamic-possible",
            f"people may ask for the login `{reference.name}`, which everybody shares",
            ("spec", "issue"),
            hint=f"let them ask for one of their own: `database: {role}`, and take `issue` away",
            severity=Severity.WARNING,
            at_key=True,
        )


def link_credential_request(
    linking: Linking, reference: Reference, model: CredentialRequest
) -> None:
    """Check that what is asked for is there, and may be asked for so long."""
    target = target_of(model.spec.what)
    secret: Secret | None = None
    path: tuple[str, ...] = ("spec", "what", *asked_path(model.spec.what))
    if target.kind is TargetKind.KEPT:
        product, environment, name = target.name.split("/")
        if not linking.need(reference, "Secret", name, path, product=product):
            return
        environments = environments_of(linking, product)
        if environments is not None:
            linking.choose(reference, environment, environments, "environment", path)
        found = linking.model(Reference("Secret", product, name))
        secret = found if isinstance(found, Secret) else None
        store_name = secret.spec.store if secret else ""
    else:
        store_name = target.name.partition("/")[0]
        if not linking.need(reference, "SecretStore", store_name, path):
            return
    store = linking.model(Reference("SecretStore", "", store_name))
    if not isinstance(store, SecretStore):
        return
    try:
        limits_of(target, store, secret, model.spec.ttl)
    except NotIssuedError as error:
        linking.report(
            reference,
            "load/not-issued",
            str(error),
            path,
            hint="`issue` of the SecretStore, of its role and of the Secret say what may be asked",
        )


def link_load_test(linking: Linking, reference: Reference, model: LoadTest) -> None:
    """Check the Locust file, the target, and what its environment refers to."""
    spec = model.spec
    _need_file(linking, reference, spec.file, ("spec", "file"))
    for index, name in enumerate(spec.data):
        _need_file(linking, reference, name, ("spec", "data", index))
    if spec.profile is not None:
        product = reference.product
        linking.need(reference, "LoadProfile", spec.profile, ("spec", "profile"), product=product)
    linking.link_value(reference, spec.target, ("spec", "target"))
    linking.link_value(reference, spec.env, ("spec", "env"))
    for index, objective in enumerate(spec.objectives):
        if objective.prometheus is not None:
            path = ("spec", "objectives", index, "prometheus", "url")
            linking.link_value(reference, objective.prometheus.url, path)


def _need_file(
    linking: Linking, reference: Reference, path: str, at: tuple[str | int, ...]
) -> None:
    entry = linking.file(path)
    is_file = entry is not None and entry.kind in {FileKind.REGULAR, FileKind.EXECUTABLE}
    is_shipped = path.startswith(_LOAD_TESTS) and path in linking.shipped
    if is_file or (entry is None and is_shipped):
        return
    names = (*linking.tree.files, *linking.shipped)
    known = {name for name in names if name.startswith(_LOAD_TESTS)}
    linking.report(
        reference,
        "load/unknown-path",
        f"`{path}` is {'not a file' if entry else 'not there'}",
        at,
        expected="a Locust file of this repository, or one that is shipped with Trueup"
        if "file" in at
        else "a file of this repository",
        hint=did_you_mean(path, known),
    )


def link_pipeline(linking: Linking, reference: Reference, model: Pipeline) -> None:
    """Check the stages: environments of the product, once each, behind each other, with gates."""
    environments = environments_of(linking, reference.product)
    first = linking.names("Pipeline", reference.product)[0]
    if reference.name != first:
        linking.report(
            reference,
            "load/duplicate-document",
            f"there is a second Pipeline of `{reference.product}`",
            ("metadata", "name"),
            hint="make one of the two",
            related=linking.related(reference._replace(name=first), "the first stands here"),
        )
    stages: dict[str, int] = {}
    for index, stage in enumerate(model.spec.stages):
        path = ("spec", "stages", index, "environment")
        if environments is not None:
            linking.choose(reference, stage.environment, environments, "environment", path)
        if stage.environment in stages:
            message = f"the environment `{stage.environment}` has two stages"
            linking.report(
                reference, "load/duplicate-entry", message, path, hint="take one of them away"
            )
        stages.setdefault(stage.environment, index)
    for index, stage in enumerate(model.spec.stages):
        at: tuple[str | int, ...] = ("spec", "stages", index)
        for below, names in _gates(stage):
            for place, name in enumerate(names):
                gate = (*at, *below, place)
                linking.need(reference, "LoadTest", name, gate, product=reference.product)
            _refuse_twice(linking, reference, names, (*at, *below))
        for place, name in enumerate(stage.after):
            linking.choose(reference, name, stages, "stage", (*at, "after", place))
        _refuse_twice(linking, reference, stage.after, (*at, "after"))
    _refuse_circle(linking, reference, model.spec.stages)


def _gates(stage: PipelineStage) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Give the lists of gates with where they stand."""
    if isinstance(stage.gates, Gates):
        yield ("gates", "allOf"), stage.all_of
        yield ("gates", "oneOf"), stage.one_of
    else:
        yield ("gates",), stage.all_of


def _refuse_twice(
    linking: Linking, reference: Reference, names: tuple[str, ...], path: tuple[str | int, ...]
) -> None:
    for place, name in enumerate(names):
        if name in names[:place]:
            linking.report(
                reference,
                "load/duplicate-entry",
                f"`{name}` stands here twice",
                (*path, place),
                hint="take one of them away",
            )


def _refuse_circle(
    linking: Linking, reference: Reference, stages: tuple[PipelineStage, ...]
) -> None:
    left: dict[str, set[str]] = {}
    for stage in stages:
        left.setdefault(stage.environment, set()).update(stage.after)
    while free := {name for name, after in left.items() if not after & left.keys()}:
        left = {name: after for name, after in left.items() if name not in free}
    if not left:
        return
    index = next(i for i, stage in enumerate(stages) if stage.environment in left)
    names = ", ".join(f"`{name}`" for name in sorted(left))
    linking.report(
        reference,
        "load/cycle",
        f"no release can come to {names}: each waits for another",
        ("spec", "stages", index, "after"),
        at_key=True,
    )


def link_exception(linking: Linking, reference: Reference, model: AllowedFinding) -> None:
    """Check that what it names is there, and that it still holds."""
    where = model.spec.where
    for key, kind, names in (
        ("products", "Product", where.products),
        ("environments", "Environment", where.environments),
    ):
        for index, name in enumerate(names):
            if not {"*", "?"} & set(name) and not linking.is_known(Reference(kind, "", name)):
                linking.need(reference, kind, name, ("spec", "where", key, index))
    if linking.today is not None and model.has_expired(linking.today):
        linking.report(
            reference,
            "load/exception-expired",
            f"`{reference.name}` expired on {model.spec.expires}, and allows nothing any more",
            ("spec", "expires"),
            hint=f"mend what it allowed and take it away, or ask `{model.spec.owner}`",
            severity=Severity.WARNING,
        )


def link_notification(linking: Linking, reference: Reference, model: Notification) -> None:
    """Check that each product is there."""
    for index, name in enumerate(model.spec.products):
        if not linking.is_known(Reference("Product", "", name)):
            linking.need(reference, "Product", name, ("spec", "products", index))


def _ignore(_linking: Linking, _reference: Reference, _model: DocumentModel) -> None:
    """A kind that points at nothing."""


LINKERS: Mapping[str, Callable[..., None]] = {
    "Product": link_product,
    "Policy": link_policy,
    "Secret": link_secret,
    "LoadTest": link_load_test,
    "Pipeline": link_pipeline,
    "Forecast": link_forecast,
    "LoadProfile": link_load_profile,
    "CapacityPlan": link_capacity_plan,
    "Exception": link_exception,
    "Notification": link_notification,
    "CredentialRequest": link_credential_request,
    "Environment": _ignore,
    "SecretStore": _ignore,
}
