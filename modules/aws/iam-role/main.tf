locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")

  trust = concat(
    [
      for each in length(var.trusted_services) > 0 ? ["services"] : [] : {
        Sid       = "Services"
        Effect    = "Allow"
        Action    = "sts:AssumeRole"
        Principal = { Service = var.trusted_services }
      }
    ],
    [
      for each in length(var.trusted_arns) > 0 ? ["arns"] : [] : merge(
        {
          Sid       = "Principals"
          Effect    = "Allow"
          Action    = "sts:AssumeRole"
          Principal = { AWS = var.trusted_arns }
        },
        var.external_id == null ? {} : {
          Condition = { StringEquals = { "sts:ExternalId" = var.external_id } }
        },
      )
    ],
    [
      for each in var.oidc == null ? [] : [var.oidc] : {
        Sid       = "WebIdentity"
        Effect    = "Allow"
        Action    = "sts:AssumeRoleWithWebIdentity"
        Principal = { Federated = each.provider_arn }
        Condition = {
          StringEquals = {
            "${each.issuer}:aud" = each.audience
            "${each.issuer}:sub" = each.subjects
          }
        }
      }
    ],
  )
}

resource "aws_iam_role" "this" {
  name                 = local.name
  description          = var.description
  path                 = var.path
  max_session_duration = var.longest_session_s
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.trust
  })

  lifecycle {
    precondition {
      condition     = length(local.trust) > 0
      error_message = "Nobody could take on the role: set trusted_services, trusted_arns or oidc."
    }
  }
}

resource "aws_iam_policy" "this" {
  count = length(var.statements) > 0 ? 1 : 0

  name        = local.name
  description = "What the role ${local.name} may do"
  path        = var.path
  tags        = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      for statement in var.statements : merge(
        {
          Effect   = statement.effect
          Action   = statement.actions
          Resource = statement.resources
        },
        statement.sid == null ? {} : { Sid = statement.sid },
        length(statement.conditions) == 0 ? {} : { Condition = statement.conditions },
      )
    ]
  })
}

resource "aws_iam_role_policy_attachment" "own" {
  count = length(var.statements) > 0 ? 1 : 0

  role       = aws_iam_role.this.name
  policy_arn = aws_iam_policy.this[0].arn
}

resource "aws_iam_role_policy_attachment" "managed" {
  for_each = toset(var.managed_policy_arns)

  role       = aws_iam_role.this.name
  policy_arn = each.key
}

resource "aws_iam_instance_profile" "this" {
  count = var.instance_profile ? 1 : 0

  name = local.name
  path = var.path
  role = aws_iam_role.this.name
  tags = var.tags
}
