"""A config repository of any number of units that need no provider, and what may change in it.

The units are `terraform_data` resources, which every engine has built in: what is measured is what
is around the engine. Of ten stacks one comes first and the nine others read its output.
"""

from collections.abc import Iterator, Mapping, Sequence

ENVIRONMENTS = ("dev", "staging")
"""Both follow the head of the branch, so that a push reaches every unit at once."""
LARGEST_PRODUCT = 250
"""How many stacks a product has at most."""
TOGETHER = 10

_MODULE = """variable "text" { type = string }
variable "upstream" {
  type    = string
  default = ""
}
resource "terraform_data" "this" { input = "${var.text} ${var.upstream}" }
output "text" { value = terraform_data.this.output }
"""
_ENVIRONMENT = """---
apiVersion: platform/v1
kind: Environment
metadata: {{name: {name}}}
spec:
  engine: {engine}
  limits: {{concurrentApplies: 64}}
"""
_PRODUCT = """apiVersion: platform/v1
kind: Product
metadata: {{name: {product}}}
spec:
  owner: team-{product}
  environments: [{environments}]
---
apiVersion: platform/v1
kind: Pipeline
metadata: {{name: {product}, product: {product}}}
spec:
  stages:
"""
_STACK = """apiVersion: platform/v1
kind: Stack
metadata:
  name: {name}
  product: {product}
  labels: {{note: "{note}"}}
spec:
  module: modules/data
  inputs:
    text: "{text}"
{upstream}  deletionPolicy: destroy
  drift: {{every: 24h}}
"""


def repository(units: int, *, engine: str = "embedded") -> Mapping[str, str]:
    """Give the files of a repository with `units` units, two for each stack."""
    files = {
        "modules/data/main.tf": _MODULE,
        "platform/environments.yaml": "".join(
            _ENVIRONMENT.format(name=name, engine=engine) for name in ENVIRONMENTS
        ),
    }
    for product, stacks in _products(units):
        files[f"products/{product}/product.yaml"] = _product(product)
        for index in range(stacks):
            files.update(stack(product, index))
    return files


def names(units: int) -> Sequence[str]:
    """Give the names of the units, each after the ones that it reads."""
    return [
        f"{product}/{environment}/{_name(index)}"
        for product, stacks in _products(units)
        for environment in ENVIRONMENTS
        for index in range(stacks)
    ]


def stack(
    product: str, index: int, *, note: str = "first", text: str | None = None
) -> Mapping[str, str]:
    """Give the file of one stack. Another `note` changes no unit; another `text` changes two.

    The text of a stack that others read changes those too.
    """
    first = index - index % TOGETHER
    upstream = f"    upstream: {{output: {_name(first)}.text}}\n" if first != index else ""
    content = _STACK.format(
        name=_name(index), product=product, note=note, upstream=upstream,
        text=f"{product} {index}" if text is None else text,
    )  # fmt: skip
    return {f"products/{product}/{_name(index)}.yaml": content}


def touched(units: int, note: str) -> Mapping[str, str]:
    """Give one changed file for each product: a new release for every stage, no changed unit."""
    files: dict[str, str] = {}
    for product, stacks in _products(units):
        files.update(stack(product, stacks - 1, note=note))
    return files


def _products(units: int) -> Iterator[tuple[str, int]]:
    left, number = units // len(ENVIRONMENTS), 0
    while left > 0:
        yield f"product-{number}", min(left, LARGEST_PRODUCT)
        left, number = left - LARGEST_PRODUCT, number + 1


def _name(index: int) -> str:
    return f"stack-{index}"


def _product(product: str) -> str:
    stages = "".join(f"    - environment: {name}\n" for name in ENVIRONMENTS)
    return _PRODUCT.format(product=product, environments=", ".join(ENVIRONMENTS)) + stages
