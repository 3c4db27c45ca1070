"""A secret that reaches a module by an ephemeral variable: in force, and written down nowhere."""

import contextlib
import hashlib
from pathlib import Path

import psutil
import pytest

from controller.adapters.clock.memory import MemoryClock
from controller.adapters.workspaces.disk import DiskWorkspaces
from controller.diagnostics.errors import DependencyNotReady, EngineRefused
from controller.model.drift import DriftKind
from controller.model.names import SecretName, UnitName
from controller.model.outcome import Outcome
from controller.model.plan import Plan
from controller.model.verdict import Ruling, Verdict
from controller.model.workspace import Upstream, Workspace
from controller.ports.engine import Engine
from controller.steps.apply import apply
from controller.steps.drift import drift
from controller.steps.graph import graph
from controller.steps.plan import plan
from controller.steps.render import render
from tests.contract.engine.engine_worlds import RealWorld
from tests.support.canaries import files_below, found_in
from tests.unit.load.load_repositories import load_with

CANARIES = ('can@ry-one-"π" ${x} \\ %{y}\nline', "canary-two-81c0d4")
UNIT = UnitName("shop", "dev", "keeper")
SECRET = SecretName("shop", "dev", "shop-api-key")
MODULE = """
variable "token" {
  type      = string
  ephemeral = true
  validation {
    condition     = contains([%s], sha256(var.token))
    error_message = "That is not the secret."
  }
}
variable "token_version" { type = number }
variable "plain" {
  type      = map(string)
  ephemeral = true
}
variable "from" { type = string }
module "below" {
  source = "./below"
  token  = var.token
}
resource "terraform_data" "kept" {
  input = [var.token_version, var.from]
}
output "version" { value = var.token_version }
"""
BELOW = """
variable "token" {
  type      = string
  ephemeral = true
}
locals { length = length(var.token) }
"""
STACK = """
apiVersion: platform/v1
kind: Stack
metadata: {name: keeper, product: shop}
spec:
  module: modules/keeper
  inputs:
    token: {secret: shop-api-key}
    plain: {a: b}
    from: {secret: shop-api-key}
"""


def workspace_of(secret: Path, version: int) -> Workspace:
    hashes = ", ".join(f'"{hashlib.sha256(one.encode()).hexdigest()}"' for one in CANARIES)
    catalog = load_with(
        {
            "modules/keeper/main.tf": MODULE % hashes,
            "modules/keeper/below/main.tf": BELOW,
            "products/keeper.yaml": STACK,
        }
    )
    assert catalog.diagnostics == ()
    upstream = Upstream({}, frozenset(), {SECRET: str(secret)}, {}, {SECRET: version})
    return render(catalog, graph(catalog).units[UNIT], upstream)


class Life:
    """A unit, and all that was ever seen of it."""

    def __init__(self, engine: Engine, root: Path) -> None:
        self.engine, self.root = engine, root
        self.secret = root / "private" / "token"
        self.secret.parent.mkdir()
        self.workspaces = DiskWorkspaces(root / "workspaces")
        self.seen: dict[str, bytes] = {}
        self.version = 0

    def deliver(self, text: str) -> None:
        self.secret.write_text(text)
        self.version += 1

    @property
    def workspace(self) -> Workspace:
        return workspace_of(self.secret, self.version)

    async def plan(self, *, destroy: bool = False) -> Plan:
        planned = await plan(
            self.workspace, engine=self.engine, workspaces=self.workspaces, destroy=destroy
        )
        self._look(repr(planned) + planned.document.text())
        return planned

    async def apply(self, planned: Plan) -> Outcome:
        outcome = await apply(
            planned, Verdict(planned.digest, Ruling.ALLOWED), self.workspace,
            engine=self.engine, workspaces=self.workspaces,
        )  # fmt: skip
        self._look(repr(outcome))
        return outcome

    async def drifted(self) -> list[DriftKind | None]:
        found = await drift(
            self.workspace, engine=self.engine, workspaces=self.workspaces, clock=MemoryClock()
        )
        self._look(repr(found))
        return [change.drift for change in found.changes]

    def _look(self, said: str) -> None:
        number = len(self.seen)
        self.seen[f"said {number}"] = said.encode()
        for path, content in files_below(self.root, [self.secret.parent]).items():
            self.seen[f"{number} {path}"] = content
        for process in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it ended
                self.seen[f"{number} {process.pid}"] = "\0".join(process.cmdline()).encode()


async def test_a_secret_is_in_force_and_nowhere(real: RealWorld, tmp_path: Path) -> None:
    life = Life(real.engine, tmp_path)
    life.deliver(CANARIES[0])
    outcome = await life.apply(await life.plan())
    assert outcome.outputs == {"version": 1}
    assert (await life.plan()).is_empty
    life.deliver(CANARIES[1])
    planned = await life.plan()
    assert [str(change) for change in planned.changes] == ["update module.unit.terraform_data.kept"]
    assert (await life.apply(planned)).outputs == {"version": 2}
    assert await life.drifted() == []
    life.deliver("some other")
    with pytest.raises(EngineRefused, match="not the secret"):
        await life.plan()
    life.deliver(CANARIES[0])
    await life.apply(await life.plan(destroy=True))
    assert any(place.endswith("trueup.tfplan tfplan") for place in life.seen)
    assert any(place.endswith("terraform.tfstate") for place in life.seen)
    assert found_in(life.seen, dict(zip("12", CANARIES, strict=True))) == []


async def test_a_secret_that_cannot_be_given_is_said_in_time(
    real: RealWorld, tmp_path: Path
) -> None:
    life = Life(real.engine, tmp_path)
    with pytest.raises(DependencyNotReady, match="`token` is not delivered"):
        await life.plan()
    for text in ("zero \0 byte", "x" * 100_001):
        life.deliver(text)
        with pytest.raises(EngineRefused, match="cannot be given") as refused:
            await life.plan()
        assert text not in repr(refused.value)
    life.secret.write_bytes(b"\xff\xfe")
    with pytest.raises(EngineRefused, match="it is no text"):
        await life.plan()
