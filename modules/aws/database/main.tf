locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")

  major  = split(".", var.engine_version)[0]
  family = var.engine == "postgres" ? "postgres${local.major}" : "${var.engine}${join(".", slice(split(".", var.engine_version), 0, 2))}"
  port   = coalesce(var.port, var.engine == "postgres" ? 5432 : 3306)
  tls    = var.engine == "postgres" ? { "rds.force_ssl" = "1" } : { "require_secure_transport" = "1" }
  logs   = var.engine == "postgres" ? ["postgresql", "upgrade"] : ["error", "slowquery"]
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
  from_port                    = local.port
  to_port                      = local.port
  tags                         = var.tags
}

resource "aws_vpc_security_group_ingress_rule" "range" {
  for_each = toset(var.allowed_cidrs)

  security_group_id = aws_security_group.this.id
  description       = each.key
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = local.port
  to_port           = local.port
  tags              = var.tags
}

resource "aws_db_subnet_group" "this" {
  name       = local.name
  subnet_ids = var.subnet_ids
  tags       = var.tags
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${local.name}-"
  family      = local.family
  tags        = var.tags

  dynamic "parameter" {
    # TLS comes last, so that no parameter of a stack takes it back.
    for_each = merge(var.parameters, local.tls)

    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = contains(keys(local.tls), parameter.key) ? "immediate" : "pending-reboot"
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  identifier     = local.name
  db_name        = var.database
  engine         = var.engine
  engine_version = var.engine_version
  instance_class = var.instance_class
  port           = local.port

  # RDS makes the password and keeps it in Secrets Manager: no plan and no state ever holds it.
  username                            = var.username
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = var.kms_key_arn
  iam_database_authentication_enabled = true

  allocated_storage     = var.storage_gib
  max_allocated_storage = var.most_storage_gib
  storage_type          = "gp3"
  storage_encrypted     = true
  kms_key_id            = var.kms_key_arn

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  multi_az               = var.multi_az

  backup_retention_period   = var.backup_days
  backup_window             = var.backup_window
  maintenance_window        = var.maintenance_window
  copy_tags_to_snapshot     = true
  delete_automated_backups  = false
  deletion_protection       = var.deletion_protection
  skip_final_snapshot       = var.skip_final_snapshot
  final_snapshot_identifier = var.skip_final_snapshot ? null : "${local.name}-final"

  auto_minor_version_upgrade      = true
  apply_immediately               = var.apply_immediately
  enabled_cloudwatch_logs_exports = local.logs
  performance_insights_enabled    = var.performance_insights
  performance_insights_kms_key_id = var.performance_insights ? var.kms_key_arn : null

  tags = var.tags
}
