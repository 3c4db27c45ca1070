locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")

  id = length(local.name) <= 40 ? local.name : "${trimsuffix(substr(local.name, 0, 33), "-")}-${substr(sha1(local.name), 0, 6)}"
}

resource "aws_security_group" "this" {
  name        = local.name
  description = "Who reaches ${local.name}"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = local.name })
}

# By names, because ids of groups that are still to be made cannot be keys.
resource "aws_vpc_security_group_ingress_rule" "group" {
  for_each = var.allowed_security_group_ids

  security_group_id            = aws_security_group.this.id
  description                  = each.key
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 6379
  to_port                      = 6379
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "range" {
  for_each = toset(var.allowed_cidrs)

  security_group_id = aws_security_group.this.id
  description       = each.key
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 6379
  to_port           = 6379
  tags              = var.tags
}

resource "aws_elasticache_subnet_group" "this" {
  name       = local.name
  subnet_ids = var.subnet_ids
  tags       = var.tags
}

resource "aws_elasticache_parameter_group" "this" {
  count = length(var.parameters) > 0 ? 1 : 0

  name   = "${local.id}-${replace(local.family, ".", "-")}"
  family = local.family
  tags   = var.tags

  dynamic "parameter" {
    for_each = var.parameters

    content {
      name  = parameter.key
      value = parameter.value
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

locals {
  major  = split(".", var.engine_version)[0]
  family = var.engine == "redis" && local.major == "6" ? "redis6.x" : "${var.engine}${local.major}"
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = local.id
  description          = "The cache of ${local.name}"
  engine               = var.engine
  engine_version       = var.engine_version
  node_type            = var.node_type
  port                 = 6379

  num_cache_clusters         = var.nodes
  automatic_failover_enabled = var.nodes > 1
  multi_az_enabled           = var.nodes > 1

  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  kms_key_id                 = var.kms_key_arn
  user_group_ids             = var.user_group_ids

  subnet_group_name    = aws_elasticache_subnet_group.this.name
  security_group_ids   = [aws_security_group.this.id]
  parameter_group_name = try(aws_elasticache_parameter_group.this[0].name, null)

  auto_minor_version_upgrade = true
  apply_immediately          = var.apply_immediately
  maintenance_window         = var.maintenance_window
  snapshot_retention_limit   = var.snapshot_days
  snapshot_window            = var.snapshot_days > 0 ? var.snapshot_window : null
  final_snapshot_identifier  = var.final_snapshot ? "${local.id}-final" : null

  tags = var.tags
}
