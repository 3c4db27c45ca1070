"""What the linking of documents shares: who is there, who needs whom, what is wrong with whom."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from controller.diagnostics.diagnostic import Diagnostic, Related, Severity
from controller.model.catalog import Reference
from controller.model.module import Module
from controller.model.snapshot import FileKind, SnapshotFile
from controller.ports.policy_engine import PolicyChecker
from controller.steps.load.documents import Parsed
from controller.steps.load.looks import Looks
from controller.steps.load.nodes import Path, Scalar, find_node, place_of, place_of_key
from controller.steps.load.suggest import did_you_mean, one_of
from controller.steps.load.tree import Tree
from schemas.document import Document as DocumentModel
from schemas.kinds.product import Product
from schemas.kinds.stack import Stack
from schemas.references import FromOutput, FromPath, FromSecret, references_in

_SPOKEN = {
    "SecretStore": "secret store", "LoadTest": "load test",
    "LoadProfile": "load profile", "CredentialRequest": "credential request",
}  # fmt: skip


def spoken(kind: str) -> str:
    """Write a kind in the middle of a sentence."""
    return _SPOKEN.get(kind, kind.lower())


def article(kind: str) -> str:
    """Write a kind behind its article: `an Environment document`."""
    return f"{'an' if kind[0] in 'AEIO' else 'a'} {kind} document"


@dataclass
class Linking:
    """What is known while documents are linked; grows, and is read out at the end."""

    documents: Mapping[Reference, Parsed]
    """Documents that have the shape of their kind."""
    sketches: Mapping[Reference, Parsed]
    """Documents that have the shape of their kind but for a few faults, left out of them."""
    known: frozenset[Reference]
    """All documents that are named, also the broken ones."""
    modules: Mapping[str, Module]
    """Modules that can be used."""
    refused_modules: Mapping[str, tuple[Diagnostic, ...]]
    module_names: Callable[[], frozenset[str]]
    tree: Tree
    shipped: Mapping[str, bytes]
    read: Callable[[str], bytes]
    policies: PolicyChecker | None = None
    """Reads policies in Rego; without it, only that they are there is known."""
    today: date | None = None
    looks: Looks = field(default_factory=Looks)
    """What was looked at since this was last emptied."""
    found: dict[Reference, list[Diagnostic]] = field(default_factory=dict)
    needs: dict[Reference, dict[Reference, Path]] = field(default_factory=dict)

    def model(self, reference: Reference) -> DocumentModel | None:
        """Give a document that has the shape of its kind."""
        parsed = self.looks.documents[reference] = self.documents.get(reference)
        return parsed.model if parsed else None

    def parsed(self, reference: Reference) -> Parsed:
        """Give what was read of a document that is linked."""
        return self.documents.get(reference) or self.sketches[reference]

    def is_known(self, reference: Reference) -> bool:
        """Tell whether there is a document of that name, maybe a broken one."""
        if reference in self.known:
            self.looks.known.add(reference)
            return True
        return False

    def module(self, path: str) -> Module | None:
        """Give a module that can be used."""
        found = self.looks.modules[path] = self.modules.get(path)
        return found

    def file(self, path: str) -> SnapshotFile | None:
        """Give a file of the commit."""
        found = self.looks.files[path] = self.tree.files.get(path)
        return found

    def folder(self, path: str) -> tuple[SnapshotFile, ...]:
        """Give the files below a folder."""
        found = self.looks.folders[path] = self.tree.files_below(path)
        return found

    @cached_property
    def _names(self) -> Mapping[tuple[str, str], list[str]]:
        names: dict[tuple[str, str], list[str]] = {}
        for kind, product, name in sorted(self.known):
            names.setdefault((kind, product), []).append(name)
        return names

    def stack(self, product: str, name: str) -> Stack | None:
        """Give a stack that has the shape of one."""
        model = self.model(Reference("Stack", product, name))
        return model if isinstance(model, Stack) else None

    def names(self, kind: str, product: str = "") -> list[str]:
        """Give the names of all documents of a kind, also the broken ones."""
        return self._names.get((kind, product), [])

    def report(  # noqa: PLR0913 - the parts of a diagnostic
        self,
        reference: Reference,
        code: str,
        message: str,
        path: Path,
        *,
        expected: str | None = None,
        hint: str | None = None,
        related: tuple[Related, ...] = (),
        at_key: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """Say that something is wrong with a document, at a path in it."""
        parsed = self.parsed(reference)
        assert parsed.root is not None  # noqa: S101 - a document that is right has a root
        place = place_of_key(parsed.root, path) if at_key else place_of(parsed.root, path)
        diagnostic = parsed.sheet.find(
            code,
            message,
            place,
            expected=expected,
            hint=hint,
            related=related,
            severity=severity,
        )
        self.found.setdefault(reference, []).append(diagnostic)

    def related(self, reference: Reference, message: str, path: Path = ()) -> tuple[Related, ...]:
        """Point at another document, when its place is known."""
        parsed = self.documents.get(reference)
        if parsed is None or parsed.root is None:
            return ()
        place = place_of(parsed.root, path) if path else parsed.place
        return (Related(message, parsed.sheet.span(*place)),)

    def need(
        self, reference: Reference, kind: str, name: str, path: Path, *, product: str = ""
    ) -> bool:
        """Note that a document needs another one; tell whether there is such a document."""
        wanted = Reference(kind, product, name)
        if self.is_known(wanted):
            self.needs.setdefault(reference, {}).setdefault(wanted, path)
            return True
        names = self.names(kind, product)
        of_product = f" of `{product}`" if product else ""
        message = (
            f"`{reference.name}` names the {spoken(kind)} `{name}`{of_product}, which is not there"
        )
        self.report(
            reference,
            "load/unknown-reference",
            message,
            path,
            expected=one_of(names),
            hint=did_you_mean(name, names) or f"add {article(kind)} with `name: {name}`",
        )
        return False

    def choose(
        self, reference: Reference, name: str, known: Iterable[str], what: str, path: Path
    ) -> bool:
        """Report a name that is not among the known ones; tell whether it is."""
        words = list(known)
        if name in words:
            return True
        message = f"`{reference.name}` names the {what} `{name}`, which is not one of its product's"
        self.report(
            reference,
            "load/unknown-reference",
            message,
            path,
            expected=one_of(words),
            hint=did_you_mean(name, words),
            at_key=not self._is_value(reference, path, name),
        )
        return False

    def _is_value(self, reference: Reference, path: Path, name: str) -> bool:
        root = self.parsed(reference).root
        node = find_node(root, path) if root is not None else None
        return isinstance(node, Scalar) and node.value == name

    def link_value(self, reference: Reference, value: object, path: Path) -> None:
        """Check every reference in a value."""
        for below, target in references_in(value):
            at = (*path, *below)
            match target:
                case FromOutput():
                    self.link_output(reference, target, at)
                case FromSecret(secret):
                    self.need(reference, "Secret", secret, at, product=reference.product)
                case FromPath(folder):
                    self.link_folder(reference, folder, at)

    def link_output(self, reference: Reference, target: FromOutput, path: Path) -> None:
        """Check that a stack is there and its module gives the output."""
        product = reference.product
        if not self.need(reference, "Stack", target.stack, path, product=product):
            return
        stack = self.stack(product, target.stack)
        module = self.module(stack.spec.module) if stack else None
        if module is None:
            return
        output = module.outputs.get(target.output)
        if output is None:
            self.report(
                reference,
                "load/unknown-output",
                f"`{target.stack}` has no output `{target.output}`",
                path,
                expected=one_of(module.outputs),
                hint=did_you_mean(target.output, module.outputs),
            )
        elif output.sensitive:
            self.report(
                reference,
                "load/sensitive-output",
                f"the output `{target.output}` of `{target.stack}` is sensitive, and is not "
                f"passed on",
                path,
                expected="an output that is not sensitive, or a `{secret: …}`",
            )

    def link_folder(self, reference: Reference, folder: str, path: Path) -> None:
        """Check that a folder is there and holds nothing but files."""
        inside = self.folder(folder)
        if not inside:
            is_file = folder in self.tree.files
            self.report(
                reference,
                "load/unknown-path",
                f"`{folder}` is {'a file' if is_file else 'not there'}",
                path,
                expected="a folder of this repository",
                hint=did_you_mean(folder, self.tree.folders()),
            )
            return
        for file in inside:
            if file.kind in {FileKind.SYMLINK, FileKind.SUBMODULE}:
                message = f"`{file.path}` in this folder is a {file.kind.value}"
                self.report(reference, "load/symlink", message, path, expected="a folder of files")
                return


def environments_of(linking: Linking, product: str) -> tuple[str, ...] | None:
    """Give the environments of a product; None when its document is not there or not right."""
    model = linking.model(Reference("Product", "", product))
    return model.spec.environments if isinstance(model, Product) else None
