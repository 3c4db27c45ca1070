locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")
}

resource "localcloud_bucket" "this" {
  name          = local.name
  owner         = "${var.product}/${var.environment}/${var.stack}"
  versioning    = var.versioning
  quota_mb      = var.quota_mb
  labels        = var.labels
  force_destroy = var.force_destroy
}
