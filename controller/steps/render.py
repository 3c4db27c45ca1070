"""Unit → workspace: a Terraform root in JSON, with every value of the user in a file of its own.

Strings in `main.tf.json` are templates that Terraform evaluates; those in `terraform.tfvars.json`
are taken as they are. So no value from a document ever gets into `main.tf.json`.
"""

import hashlib
import json
import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from controller.diagnostics.errors import ConfigurationWrong
from controller.model.backend import backend_block
from controller.model.catalog import Catalog
from controller.model.graph import Unit
from controller.model.module import Module
from controller.model.names import Commit, Digest, SecretName, UnitName
from controller.model.provider_blocks import (
    BUILT_IN,
    Expression,
    ProviderBlocks,
    are_inherited,
    is_tagged,
    passed_on,
)
from controller.model.provider_places import places
from controller.model.workspace import EPHEMERAL_VARIABLES, Upstream, Workspace
from schemas.kinds.environment import Environment
from schemas.kinds.product import Product
from schemas.references import FromOutput, FromPath, FromSecret
from schemas.state_backends import LocalState

REQUIRED_VERSION = ">= 1.5"
DATED_FILE = "trueup-commit.auto.tfvars.json"
COMMIT_VARIABLE = "trueup_commit"
UNCOMMITTED = "uncommitted"
_IDENTIFIER = re.compile(r"[^\W\d][\w-]*")
_FILE_PART = re.compile(r"[\w@+-][\w.@+ -]*|\.[\w-][\w.-]*")
_TEMPLATE_START = re.compile(r"([$%])(?=\{)")


def render(
    catalog: Catalog, unit: Unit, upstream: Upstream, *, local_state: bool = False
) -> Workspace:
    """Give the workspace of a unit; a function of its arguments.

    With `local_state` the state is a file beside it, wherever the environment keeps its own: for a
    look at what would change, which must not touch what is there.

    What is not known yet is null, and named in `provisional`: such a workspace can be planned to
    be looked at, but not applied. Raises ConfigurationWrong for what could not be written safely.
    """
    module, environment = _found(catalog, unit)
    commit = catalog.revision.commit if catalog.revision else Commit("")
    filling = _Filling(unit.name, upstream)
    values, secrets = _given(catalog, unit, module, filling)
    state = LocalState() if local_state else environment.spec.state
    dated = _fitting({"commit"}, module) - values.keys()
    tags, backend = _tags(catalog, unit.name), backend_block(state, unit.name)
    passed = _passed_on(unit, module, environment)
    blocks = ProviderBlocks(environment.spec, tags)
    inputs = _variables(module, values.keys(), dated, secrets.keys())
    root = _main(module, inputs, values, passed, blocks, backend=backend)
    main = {**root, **_imports(unit)}
    if COMMIT_VARIABLE in root.get("variable", {}):
        dated.add(COMMIT_VARIABLE)
    files = {
        "main.tf.json": _pretty(main),
        "terraform.tfvars.json": _pretty(values),
        **({EPHEMERAL_VARIABLES: _pretty(secrets)} if secrets else {}),
        **{_place(module, path): content for path, content in module.files.items()},
    }
    files = {path: files[path] for path in sorted(files)}
    engine = environment.spec.engine
    contents = {path: hashlib.sha256(content).hexdigest() for path, content in files.items()}
    return Workspace(
        unit=unit.name,
        commit=commit,
        engine=engine,
        files=files,
        module_digest=module.digest,
        upstream_digest=digest(
            {f"{name}#{output}": v for (name, output), v in filling.read.items()}
        ),
        provisional=tuple(sorted(filling.provisional)),
        digest=digest({"engine": engine, "files": contents}),
        dated=_dated_files(dated, commit),
        places=places(environment.spec, passed),
        needs_ephemeral=module.uses_ephemeral,
        nulls=tuple(sorted(filling.nulls)),
    )


def _given(
    catalog: Catalog, unit: Unit, module: Module, filling: "_Filling"
) -> tuple[dict[str, object], dict[str, object]]:
    """Give the values of variables, and the places of the secrets that get to others by value."""
    for name in unit.needs_units:
        if name in filling.upstream.pending:
            filling.wait_for(name)
    inputs = {**_filled_in(catalog, unit, module), **unit.inputs}
    by_value, versions = module.secrets_by_value(inputs), module.secret_versions(inputs)
    values = {name: filling.value(inputs[name]) for name in sorted(inputs.keys() - by_value.keys())}
    values |= {name: filling.version(secret) for name, secret in sorted(versions.items())}
    return values, {name: filling.value(secret) for name, secret in sorted(by_value.items())}


def _found(catalog: Catalog, unit: Unit) -> tuple[Module, Environment]:
    module = catalog.modules.get(unit.stack.spec.module)
    environment = catalog.find(Environment, unit.name.environment)
    if module is None or environment is None:
        raise ConfigurationWrong.because(
            f"unit `{unit.name}` has no usable module or environment", code="render/incomplete"
        )
    return module, environment


def _dated_files(names: set[str], commit: Commit) -> Mapping[str, bytes]:
    """Give the file of what says at which commit a unit was changed, if its module asks."""
    if not names:
        return {}
    return {DATED_FILE: _pretty(dict.fromkeys(sorted(names), commit or UNCOMMITTED))}


def digest(value: object) -> Digest:
    """Give the content address of a JSON value."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return Digest("sha256:" + hashlib.sha256(text.encode()).hexdigest())


def _filled_in(catalog: Catalog, unit: Unit, module: Module) -> Mapping[str, object]:
    """Give the variables that the controller knows, as far as the module has them.

    `commit` is not among them: it is in a file of its own, which does not count.
    """
    product = catalog.find(Product, unit.name.product)
    known: Mapping[str, object] = {
        "product": unit.name.product,
        "environment": unit.name.environment,
        "stack": unit.name.stack,
        "owner": product.spec.owner if product else "",
    }
    return {name: known[name] for name in _fitting(known, module)}


def _fitting(names: Iterable[str], module: Module) -> set[str]:
    """Leave out what another's module means otherwise, as an `owner` that is a mapping."""
    found = ((name, module.variables.get(name)) for name in names)
    return {name for name, variable in found if variable is not None and variable.takes_text}


def _tags(catalog: Catalog, unit: UnitName) -> Mapping[str, str]:
    """Give the tags of all that a unit makes."""
    product = catalog.find(Product, unit.product)
    return {
        "product": unit.product,
        "environment": unit.environment,
        **({"owner": product.spec.owner} if product else {}),
        "commit": Expression(f"${{var.{COMMIT_VARIABLE}}}"),
    }


@dataclass
class _Filling:
    """Puts values in the place of references, and notes what was read and what is not known yet."""

    unit: UnitName
    upstream: Upstream
    provisional: set[str] = field(default_factory=set)
    nulls: set[str] = field(default_factory=set)
    read: dict[tuple[UnitName, str], object] = field(default_factory=dict)

    def value(self, value: object) -> object:
        """Give a JSON value."""
        match value:
            case FromOutput():
                return self._output(value)
            case FromSecret():
                name = self._secret(value)
                address = self.upstream.secret_addresses.get(name)
                return self._known(address, f"secret `{name}` has no address yet")
            case FromPath(path):
                place = self.upstream.tree_paths.get(path)
                return self._known(place, f"folder `{path}` is not on disk yet")
            case Mapping():
                return {str(key): self.value(inner) for key, inner in value.items()}
            case tuple() | list():
                return [self.value(inner) for inner in value]
            case _:
                return value

    def version(self, secret: FromSecret) -> object:
        """Give the version of a secret."""
        name = self._secret(secret)
        return self._known(
            self.upstream.secret_versions.get(name), f"secret `{name}` is not delivered yet"
        )

    def _secret(self, secret: FromSecret) -> SecretName:
        return SecretName(self.unit.product, self.unit.environment, secret.secret)

    def _output(self, wanted: FromOutput) -> object:
        name = UnitName(self.unit.product, self.unit.environment, wanted.stack)
        value = None
        if name in self.upstream.pending:
            self.wait_for(name)
        elif name not in self.upstream.outputs:
            self.provisional.add(f"unit `{name}` was not applied yet")
        elif wanted.output not in self.upstream.outputs[name]:
            self.provisional.add(f"unit `{name}` has no output `{wanted.output}` yet")
        else:
            value = self.upstream.outputs[name][wanted.output]
            if value is None:
                self.nulls.add(f"the output `{wanted.output}` of unit `{name}` is null")
        self.read[name, wanted.output] = value
        return value

    def wait_for(self, name: UnitName) -> None:
        """Note that a unit has changes that come first."""
        self.provisional.add(f"unit `{name}` has changes that are not applied yet")

    def _known(self, value: object, reason: str) -> object:
        if value is None:
            self.provisional.add(reason)
        return value


def _variables(
    module: Module, given: Iterable[str], dated: Iterable[str], secrets: Iterable[str]
) -> dict[str, object]:
    """Give the variables of the root; what is a secret is a text, and is kept nowhere."""
    kept_nowhere = {"type": "string", "sensitive": True, "ephemeral": True}
    return {
        **{name: _variable(module, name) for name in given},
        **{name: {**_variable(module, name), "default": None} for name in dated},
        **dict.fromkeys(secrets, kept_nowhere),
    }


def _main(
    module: Module,
    given: dict[str, object],
    values: dict[str, object],
    passed: Mapping[str, str],
    blocks: ProviderBlocks,
    *,
    backend: Mapping[str, object],
) -> Mapping[str, Mapping[str, object]]:
    """Give the root module; adds texts of provider blocks to `values` that look like templates."""
    call: dict[str, object] = {
        "source": f"./{_folder(module)}",
        **{name: f"${{var.{name}}}" for name in sorted(given)},
    }
    if not are_inherited(passed):
        call["providers"] = passed
    required = {
        _name(name): {"source": source, **({"version": version} if version else {})}
        for name, (source, version) in sorted(module.providers.items())
        if name not in BUILT_IN
    }
    providers = blocks.write(module, passed)
    if any(is_tagged(each["source"]) for each in required.values()):
        given[COMMIT_VARIABLE] = {"type": "string", "default": None}
    for name, text in blocks.texts.items():
        given[name] = {"type": "string"}
        values[name] = text
    sections: dict[str, Mapping[str, object]] = {
        "terraform": {
            "required_version": REQUIRED_VERSION,
            "required_providers": required,
            "backend": backend,
        },
        "provider": providers,
        "variable": given,
        "module": {"unit": call},
        "output": _outputs(module),
    }
    return {name: section for name, section in sections.items() if section}


def _passed_on(unit: Unit, module: Module, environment: Environment) -> Mapping[str, str]:
    """Give the configurations of providers that the module gets; all must be listed."""
    passed = passed_on(module, unit.stack.spec)
    for name in sorted(set(passed.values()) - environment.spec.providers.keys()):
        where = environment.metadata.name
        raise ConfigurationWrong.because(
            f"`{module.path}` uses the provider `{name}`, which `{where}` does not list",
            hint=f"add `{name}: {{}}` to the providers of the environment",
            code="render/provider-not-listed",
        )
    return passed


def _outputs(module: Module) -> Mapping[str, object]:
    return {
        _name(output.name): {
            "value": f"${{module.unit.{output.name}}}",
            **({"sensitive": True} if output.sensitive else {}),
        }
        for _, output in sorted(module.outputs.items())
    }


def _imports(unit: Unit) -> Mapping[str, object]:
    """Give what is taken over; an id is doubled where Terraform would see a template in it."""
    entries = [
        {"to": f"module.unit.{each.to}", "id": _TEMPLATE_START.sub(r"\1\1", each.id)}
        for each in unit.stack.spec.imports
        if each.environment == unit.name.environment
    ]
    return {"import": entries} if entries else {}


def _variable(module: Module, name: str) -> Mapping[str, object]:
    variable = module.variables.get(_name(name))
    if variable is None:
        message = f"`{module.path}` has no variable `{name}`"
        raise ConfigurationWrong.because(message, code="render/incomplete")
    return {
        "type": variable.type,
        **({"sensitive": True} if variable.sensitive else {}),
        **({"ephemeral": True} if variable.ephemeral else {}),
    }


def _name(name: str) -> str:
    if _IDENTIFIER.fullmatch(name) is None:
        raise ConfigurationWrong.because(f"`{name}` is no name", code="render/unsafe-name")
    return name


def _folder(module: Module) -> str:
    """Give the folder of a module in the workspace: as deep as it needs for those beside it."""
    return f"module/{module.path}" if any(map(_is_beside, module.files)) else "module"


def _is_beside(path: str) -> bool:
    return path.startswith("../")


def _place(module: Module, path: str) -> str:
    """Give the place of a module's file in the workspace, which it must not leave."""
    place = posixpath.normpath(f"{_folder(module)}/{path}")
    parts = re.sub(r"^(\.\./)+", "", path).split("/")
    if not place.startswith("module/") or not all(map(_FILE_PART.fullmatch, parts)):
        message = f"the module holds a file with the name `{path!r}`"
        raise ConfigurationWrong.because(message, code="render/unsafe-name")
    return place


def _pretty(value: object) -> bytes:
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    return text.encode() + b"\n"
