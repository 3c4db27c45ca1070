"""Folder → module: what is known of a Terraform module without running it, what is refused."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from controller.diagnostics.plain import one_line
from controller.model.module import Module, Output, Variable
from controller.model.names import Digest
from controller.steps.load.hcl import Block, HclError, elements, object_entries, unquote
from controller.steps.load.module_code import (
    UNREAD,
    Code,
    is_code,
    is_read,
    overrides,
    read_code,
)
from controller.steps.load.module_folders import folder_of, nested_folder, used_folders
from controller.steps.load.module_variables import read_output, read_variable

LARGEST_FILE = 1 << 20
MOST_FILES = 500
_REFUSED_DATA = frozenset({"external", "http", "terraform_remote_state"})
LONGEST_SOURCE = 120
_MARKED = frozenset({"variable", "output"})
_LOGIN = re.compile(r"//[^/]*@")
_ALIAS = re.compile(r"[^\W\d][\w-]*\.[^\W\d][\w-]*")
_FILE_PART = re.compile(r"[\w@+-][\w.@+ -]*|\.[\w-][\w.-]*")
_OUTSIDE = re.compile(
    r"\b(?:file\w*|templatefile|abspath)\s*\(\s*\"(?:/|~|[^\"]*\.\./|[^\"]*/\.\.)|\bpathexpand\s*\("
)


@dataclass(frozen=True, slots=True)
class ModuleFault:
    """Why a module cannot be used: a code, the file in the module, the line, and words."""

    code: str
    file: str
    line: int
    message: str
    hint: str | None = None


@dataclass(frozen=True, slots=True)
class _Files:
    """Where a module lies, and its files."""

    path: str
    files: Mapping[str, bytes]


@dataclass
class _Findings:
    variables: dict[str, Variable] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    providers: dict[str, tuple[str, str]] = field(default_factory=dict)
    aliases: set[str] = field(default_factory=set)
    declared: dict[str, set[str]] = field(default_factory=dict)
    """Provider → the folders that name its source."""
    used: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)
    """Provider and folder → where it is used first."""
    kinds: set[str] = field(default_factory=set)
    """Of resources."""
    faults: list[ModuleFault] = field(default_factory=list)
    uses_ephemeral: bool = False


def is_part_of_module(path: str) -> bool:
    """Tell whether a file below a module's folder counts: tests and READMEs do not."""
    parts = path.split("/")
    if "tests" in parts[:-1] or "__pycache__" in parts or ".terraform" in parts:
        return False
    last = parts[-1]
    return not (
        last in {"README.md", ".terraform.lock.hcl"} or last.endswith((".tftest.hcl", ".pyc"))
    )


def read_module(path: str, files: Mapping[str, bytes]) -> tuple[Module, tuple[ModuleFault, ...]]:
    """Read a module from its files by their paths in it. With a fault it must not be used.

    A folder beside it that it calls has a path that begins with `../`.
    """
    found = _Findings()
    kept = {name: files[name] for name in sorted(files, key=_order) if is_part_of_module(name)}
    used = used_folders(path, kept)
    kept = {name: kept[name] for name in kept if not is_code(name) or folder_of(name) in used}
    if len(kept) > MOST_FILES:
        found.faults.append(
            ModuleFault("module/too-large", "", 1, f"the module holds more than {MOST_FILES} files")
        )
        kept = {}
    if not any(is_read(name) and "/" not in name for name in kept):
        found.faults.append(ModuleFault("module/empty", "", 1, "the folder holds no `.tf` file"))
    for name, content in kept.items():
        if not all(_FILE_PART.fullmatch(part) for part in _steps_down(name)):
            message = "the module holds a file whose name cannot be written safely"
            found.faults.append(ModuleFault("module/unsafe-name", "", 1, message, "rename it"))
            continue
        _read_file(name, content, _Files(path, kept), found)
    _imply_providers(found)
    module = Module(
        path,
        digest(kept),
        found.variables,
        found.outputs,
        found.providers,
        kept,
        tuple(sorted(found.aliases)),
        frozenset(found.kinds),
        found.uses_ephemeral,
    )
    return module, tuple(sorted(found.faults, key=lambda fault: (fault.file, fault.line)))


def _steps_down(name: str) -> list[str]:
    parts = name.split("/")
    while parts and parts[0] == "..":
        del parts[0]
    return parts


def _imply_providers(found: _Findings) -> None:
    """Take an undeclared provider from where Terraform takes it: `hashicorp/` and its name.

    Rule: developer.hashicorp.com, "Provider Requirements", on providers without a declaration.
    """
    for (provider, folder), (file, line) in sorted(found.used.items()):
        implied = f"hashicorp/{provider}"
        if provider == "terraform" or folder in found.declared.get(provider, ()):
            continue
        source, _ = found.providers.setdefault(provider, (implied, ""))
        if source != implied:
            found.faults.append(
                ModuleFault(
                    "module/provider-not-declared",
                    file,
                    line,
                    f"the provider `{provider}` is not declared in this folder, so Terraform "
                    f"would take `{implied}` and not `{source}`",
                    "add it to `required_providers` with source and version",
                )
            )


def _order(name: str) -> tuple[bool, str]:
    """Order files as Terraform reads them: those that override others come last."""
    return overrides(name), name


def digest(files: Mapping[str, bytes]) -> Digest:
    """Give the content address of files by path."""
    hasher = hashlib.sha256()
    for name in sorted(files):
        for part in (name.encode(), files[name]):
            hasher.update(len(part).to_bytes(8, "big"))
            hasher.update(part)
    return Digest("sha256:" + hasher.hexdigest())


def _read_file(name: str, content: bytes, module: _Files, found: _Findings) -> None:
    if name.endswith(UNREAD):
        found.faults.append(
            ModuleFault("module/not-read", name, 1, f"`{name}` is in a syntax that is not checked")
        )
    if not is_read(name):
        return
    if len(content) > LARGEST_FILE:
        message = f"`{name}` is larger than {LARGEST_FILE} bytes"
        found.faults.append(ModuleFault("module/too-large", name, 1, message))
        return
    try:
        text = content.decode()
        code = read_code(name, text)
    except UnicodeDecodeError:
        found.faults.append(ModuleFault("module/not-read", name, 1, f"`{name}` is not UTF-8"))
    except HclError as error:
        line = content[: error.index].count(b"\n") + 1
        message = f"`{name}` cannot be read: {error}"
        found.faults.append(ModuleFault("module/not-read", name, line, message))
    else:
        _read_text(name, text, code, module, found)


def _read_text(name: str, text: str, code: Code, module: _Files, found: _Findings) -> None:
    for start, part in code.texts:
        for match in _OUTSIDE.finditer(part):
            # A text in JSON stands on one line, whatever its escapes say.
            line = text.count("\n", 0, start or match.start()) + 1
            message = "the module reads a file outside of its folder"
            found.faults.append(ModuleFault("module/path-outside", name, line, message))
    for block in code.root.blocks:
        line = _line(text, block)
        _read_block(block, name, text, found)
        for inner in (block, *block.all_blocks()):
            found.faults.extend(_refusals(inner, name, _line(text, inner)))
        if block.type == "provider":
            _read_provider_block(block, name, line, found)
        if block.type == "module":
            found.faults.extend(_nested_refusals(block, name, line, module))


def _read_block(block: Block, name: str, text: str, found: _Findings) -> None:
    is_root = "/" not in name
    line = _line(text, block)
    if block.type == "ephemeral" or (block.type in _MARKED and block.is_true("ephemeral")):
        found.uses_ephemeral = True
    match block.type, block.labels:
        case "variable", (label,) if is_root:
            known = found.variables.get(label) if overrides(name) else None
            found.variables[label] = read_variable(label, block, known, (name, text))
        case "output", _ if block.is_true("ephemeral"):
            pass  # Only a caller within the same run gets it: Terraform refuses one of a root.
        case "output", (label,) if is_root:
            before = found.outputs.get(label) if overrides(name) else None
            found.outputs[label] = read_output(label, block, before)
        case "terraform", ():
            _read_providers(block, name, line, found)
        case (("resource" | "data" | "ephemeral"), (kind, _)):
            chosen = block.string("provider") or block.text("provider") or kind.split("_", 1)[0]
            found.used.setdefault((chosen.partition(".")[0], folder_of(name)), (name, line))
            if block.type == "resource":
                found.kinds.add(kind)
        case _:
            pass


def _read_providers(block: Block, name: str, line: int, found: _Findings) -> None:
    for required in block.blocks:
        if required.type != "required_providers":
            continue
        for local_name, attribute in required.attributes.items():
            try:
                entries = object_entries(attribute.text)
            except HclError:
                entries = {"version": attribute.text}
            source = unquote(entries.get("source", "")) or f"hashicorp/{local_name}"
            version = unquote(entries.get("version", "")) or ""
            if not folder_of(name):
                found.aliases |= _aliases(entries.get("configuration_aliases", "[]"))
            known = found.providers.setdefault(local_name, (source, version))
            found.declared.setdefault(local_name, set()).add(folder_of(name))
            if known[0] != source:
                message = f"the provider `{local_name}` has two sources: `{known[0]}`, `{source}`"
                found.faults.append(ModuleFault("module/provider-twice", name, line, message))


def _aliases(text: str) -> set[str]:
    """Read `[aws.peer, aws.dns]`, in JSON as texts; what is no alias Terraform refuses."""
    try:
        names = elements(text.removeprefix("[").removesuffix("]"))
    except HclError:
        return set()
    aliases = (unquote(name) or name for name in names)
    return {alias for alias in aliases if _ALIAS.fullmatch(alias)}


def _read_provider_block(block: Block, name: str, line: int, found: _Findings) -> None:
    """Take a block that only names a configuration for what it is: the caller gives that one."""
    if block.blocks or block.attributes.keys() - {"alias", "version"}:
        message = "the module configures a provider"
        hint = (
            "providers are configured in the Environment; a module asks for a second configuration"
            " with `configuration_aliases`"
        )
        found.faults.append(ModuleFault("module/provider-block", name, line, message, hint))
        return
    provider = block.labels[0] if block.labels else ""
    found.used.setdefault((provider, folder_of(name)), (name, line))
    alias = f"{provider}.{block.string('alias')}"
    if not folder_of(name) and _ALIAS.fullmatch(alias) and "alias" in block.attributes:
        found.aliases.add(alias)


def _line(text: str, block: Block) -> int:
    return text.count("\n", 0, block.start) + 1


def _refusals(block: Block, name: str, line: int) -> Iterator[ModuleFault]:
    """Give what is wrong with a block wherever it stands."""
    label = block.labels[0] if block.labels else ""
    if block.type == "provisioner" or (block.type, label) == ("dynamic", "provisioner"):
        yield ModuleFault(
            "module/provisioner",
            name,
            line,
            "the module holds a provisioner, which would run commands on the controller",
            "use a resource of a provider instead",
        )
    if block.type in {"backend", "cloud"}:
        message = f"the module holds a `{block.type}` block"
        yield ModuleFault("module/backend", name, line, message, "take it away")
    if block.type == "data" and label in _REFUSED_DATA:
        yield ModuleFault(
            "module/data-source",
            name,
            line,
            f"the data source `{label}` reads from outside of what was planned",
            "pass the value as an input",
        )


def _place(source: str | None) -> str:
    """Name where a module comes from, without a login that its address may hold."""
    if source is None:
        return "elsewhere"
    return f"`{one_line(_LOGIN.sub('//', source.partition('?')[0]))[:LONGEST_SOURCE]}`"


def _nested_refusals(block: Block, name: str, line: int, module: _Files) -> Iterator[ModuleFault]:
    source = block.string("source")
    folder = None if source is None else nested_folder(module.path, name, source)
    if folder is None:
        label = block.labels[0] if block.labels else "?"
        yield ModuleFault(
            "module/nested-source",
            name,
            line,
            f"the nested module `{label}` comes from {_place(source)}, and nothing is fetched",
            "copy it below `modules/`, and name it here as `./…` or `../…`, without a `version`",
        )
    elif not any(folder_of(file) == folder and is_code(file) for file in module.files):
        yield ModuleFault(
            "module/nested-source", name, line, f"the nested module `{source}` is not there"
        )
