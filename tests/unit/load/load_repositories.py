"""Small config repositories for tests, as mappings of path to content."""

import hashlib
from collections.abc import Mapping
from datetime import date

from controller.model.catalog import Catalog
from controller.model.names import Commit, Revision
from controller.model.snapshot import FileKind, Snapshot, SnapshotFile
from controller.steps.load.load import ParsedFiles, load

SERVICE = """
variable "product" { type = string }
variable "environment" { type = string }
variable "stack" { type = string }
variable "name" {
  type    = string
  default = "web"
}
variable "replicas" {
  type    = number
  default = 1
}
variable "directory" {
  type    = string
  default = ""
}
variable "env" {
  type    = map(string)
  default = {}
}
output "url" { value = "http://${var.stack}" }
terraform {
  required_providers {
    localcloud = {
      source  = "trueup.local/trueup/localcloud"
      version = "~> 0.1"
    }
  }
}
"""

DATABASE = """
variable "database" { type = string }
variable "settings" {
  type    = map(string)
  default = {}
}
output "url" { value = "postgresql://${var.database}" }
output "password" {
  value     = "x"
  sensitive = true
}
"""

BASE: Mapping[str, str] = {
    "platform/environments.yaml": """
apiVersion: platform/v1
kind: Environment
metadata: {name: dev}
spec:
  providers: {localcloud: {}}
---
apiVersion: platform/v1
kind: Environment
metadata: {name: production}
spec:
  providers: {localcloud: {}}
""",
    "platform/stores.yaml": """
apiVersion: platform/v1
kind: SecretStore
metadata: {name: main}
spec:
  provider: {embedded: {}}
""",
    "products/shop.yaml": """
apiVersion: platform/v1
kind: Product
metadata: {name: shop}
spec:
  owner: team-shop
  environments: [dev, production]
""",
    "products/shop-db.yaml": """
apiVersion: platform/v1
kind: Stack
metadata: {name: shop-db, product: shop}
spec:
  module: modules/db
  inputs:
    database: shop
""",
    "products/shop-api.yaml": """
apiVersion: platform/v1
kind: Stack
metadata: {name: shop-api, product: shop}
spec:
  module: modules/service
  inputs:
    directory: {path: apps/shop}
    env:
      DATABASE: {output: shop-db.url}
      KEY_FILE: {secret: shop-api-key}
  environments:
    production:
      inputs: {replicas: 3, env: {MODE: fast}}
""",
    "products/shop-secrets.yaml": """
apiVersion: platform/v1
kind: Secret
metadata: {name: shop-api-key, product: shop}
spec:
  store: main
  generate: {random: {length: 32}}
""",
    "modules/db/main.tf": DATABASE,
    "modules/service/main.tf": SERVICE,
    "loadtests/shop.py": "",
    "apps/shop/api.py": "print('hello')\n",
}

COMMIT = Commit("a" * 40)


def snapshot(
    files: Mapping[str, str | bytes], kinds: Mapping[str, FileKind] | None = None
) -> Snapshot:
    """Make a snapshot of files that are only in memory."""
    contents = {
        path: text.encode() if isinstance(text, str) else text for path, text in files.items()
    }
    entries = {
        path: SnapshotFile(
            path=path,
            blob=hashlib.sha1(content).hexdigest(),
            size=len(content),
            kind=(kinds or {}).get(path, FileKind.REGULAR),
        )
        for path, content in contents.items()
    }
    return Snapshot(Revision("main", COMMIT), entries, read=lambda path: contents[path])


def load_with(
    files: Mapping[str, str | bytes],
    kinds: Mapping[str, FileKind] | None = None,
    *,
    without: tuple[str, ...] = (),
    parsed_files: ParsedFiles | None = None,
    today: date | None = date(2026, 1, 1),
) -> Catalog:
    """Load the base repository with some files added or replaced."""
    merged: dict[str, str | bytes] = {
        path: text for path, text in BASE.items() if path not in without
    }
    merged.update(files)
    return load(snapshot(merged, kinds), {}, parsed_files, today=today)


def codes(catalog: Catalog) -> list[str]:
    """Give the codes of all diagnostics, in their order."""
    return [diagnostic.code for diagnostic in catalog.diagnostics]
