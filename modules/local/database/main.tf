locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")
}

resource "localcloud_database" "this" {
  name                = local.name
  owner               = "${var.product}/${var.environment}/${var.stack}"
  database            = var.database
  settings            = var.settings
  port                = var.port
  deletion_protection = var.deletion_protection
  restart             = var.restart
}
