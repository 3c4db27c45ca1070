"""A config repository of any size, with one commit for the whole and one for each later change."""

import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

OF_A_PRODUCT = 50
SECRETS = 5
"""How many documents a product has: itself, a pipeline, stacks, and a secret for every tenth."""

_MODULE = """variable "product" { type = string }
variable "environment" { type = string }
variable "stack" { type = string }
variable "replicas" {
  type    = number
  default = 1
}
variable "command" {
  type    = list(string)
  default = []
}
variable "env" {
  type    = map(string)
  default = {}
}
output "url" { value = "http://${var.stack}" }
"""
_ENVIRONMENTS = "".join(
    f"""---
apiVersion: platform/v1
kind: Environment
metadata: {{name: {name}}}
spec:
  providers: {{localcloud: {{}}}}
"""
    for name in ("dev", "staging", "production")
)
_STORE = """apiVersion: platform/v1
kind: SecretStore
metadata: {name: main}
spec:
  provider: {embedded: {}}
"""
_PRODUCT = """# What the team of {0} owns.
apiVersion: platform/v1
kind: Product
metadata: {{name: {0}}}
spec:
  owner: team-{0}
  environments: [dev, staging, production]
---
apiVersion: platform/v1
kind: Pipeline
metadata: {{name: {0}, product: {0}}}
spec:
  stages:
    - environment: dev
    - environment: staging
      after: [dev]
    - environment: production
      after: [staging]
      approvals: {{required: 1}}
"""
_GENERATED = """apiVersion: platform/v1
kind: Secret
metadata: {{name: key-{1}, product: {0}}}
spec:
  store: main
  generate: {{random: {{length: 32}}}}
"""
_DOCUMENT_OF_STACK = """apiVersion: platform/v1
kind: Stack
metadata:
  name: stack-{1}
  product: {0}
  labels: {{tier: web, number: "{1}"}}
spec:
  module: modules/service
  inputs:
    replicas: {3}
    command: ["python", "-m", "{0}.stack_{1}"]
    env:
      LOG_LEVEL: info
{2}  environments:
    production:
      inputs:
        replicas: 3
        env: {{LOG_LEVEL: warning}}
  drift: {{mode: correct, every: 10m}}
"""


def documents(number: int) -> Mapping[str, str]:
    """Give the files of a repository with about `number` documents."""
    files = {
        "modules/service/main.tf": _MODULE,
        "platform/environments.yaml": _ENVIRONMENTS,
        "platform/stores.yaml": _STORE,
    }
    for index in range(max(1, number // OF_A_PRODUCT)):
        files.update(_product(f"product-{index}"))
    return files


def _product(name: str) -> Iterator[tuple[str, str]]:
    folder = f"products/{name}"
    yield f"{folder}/product.yaml", _PRODUCT.format(name)
    for index in range(OF_A_PRODUCT - 2 - SECRETS):
        yield f"{folder}/stack-{index}.yaml", stack(name, index)
    for index in range(SECRETS):
        yield f"{folder}/secret-{index}.yaml", _GENERATED.format(name, index)


def stack(product: str, index: int, replicas: int = 1) -> str:
    """Give one stack; it reads an output of the one before and, if it is a tenth one, a secret."""
    env = ""
    if index:
        env += f"      UPSTREAM: {{output: stack-{index - 1}.url}}\n"
    if index % 10 == 0 and index // 10 < SECRETS:
        env += f"      KEY_FILE: {{secret: key-{index // 10}}}\n"
    return _DOCUMENT_OF_STACK.format(product, index, env, replicas)


def commit(folder: Path, files: Mapping[str, str], *, message: str) -> str:
    """Add a commit with these files to the bare repository's `main`; gives its name."""
    branch = "refs/heads/main"
    if not (folder / "HEAD").is_file():
        _git(folder.parent, "init", "--quiet", "--bare", "--initial-branch=main", folder.name)
    known = _git(folder, "for-each-ref", "--format=%(objectname)", branch).strip()
    lines = [f"commit {branch}\ncommitter bench <bench@localhost> 1700000000 +0000\n".encode()]
    lines.append(_data(message))
    if known:
        lines.append(f"from {known}\n".encode())
    for path, text in files.items():
        lines.append(f"M 100644 inline {path}\n".encode() + _data(text))
    _git(folder, "fast-import", "--quiet", stdin=b"".join(lines))
    return _git(folder, "rev-parse", branch).strip()


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n" % len(content) + content + b"\n"


def _git(folder: Path, *arguments: str, stdin: bytes = b"") -> str:
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments], input=stdin, check=True, capture_output=True
    )
    return done.stdout.decode()
