locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")

  readers = length(var.reader_arns) > 0 ? ["readers"] : []
}

# No version: a value in the configuration would be in the state as well. It is written from outside.
resource "aws_secretsmanager_secret" "this" {
  name                    = local.name
  description             = var.description
  kms_key_id              = var.kms_key_arn
  recovery_window_in_days = var.recovery_days
  tags                    = var.tags
}

resource "aws_secretsmanager_secret_policy" "this" {
  secret_arn          = aws_secretsmanager_secret.this.arn
  block_public_policy = true
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [{
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "secretsmanager:*"
        Resource  = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }],
      [
        for each in local.readers : {
          Sid       = "Readers"
          Effect    = "Allow"
          Principal = { AWS = var.reader_arns }
          Action    = ["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"]
          Resource  = "*"
        }
      ],
    )
  })
}

resource "aws_secretsmanager_secret_rotation" "this" {
  count = var.rotation_function_arn == null ? 0 : 1

  secret_id           = aws_secretsmanager_secret.this.id
  rotation_lambda_arn = var.rotation_function_arn

  rotation_rules {
    automatically_after_days = var.rotate_every_days
  }
}
