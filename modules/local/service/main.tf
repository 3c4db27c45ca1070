locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")
}

resource "localcloud_service" "this" {
  name         = local.name
  owner        = "${var.product}/${var.environment}/${var.stack}"
  command      = var.command
  directory    = var.directory
  environment  = var.env
  replicas     = var.replicas
  port         = var.port
  restart      = var.restart
  stop_grace_s = var.stop_grace_s

  health = {
    path        = var.health_path
    interval_ms = var.health_interval_ms
    timeout_s   = var.health_timeout_s
  }
}
