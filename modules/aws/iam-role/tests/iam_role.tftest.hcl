mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/role" }
  }

  mock_resource "aws_iam_policy" {
    defaults = { arn = "arn:aws:iam::123456789012:policy/policy" }
  }
}

variables {
  product          = "shop"
  environment      = "dev"
  stack            = "reader"
  trusted_services = ["lambda.amazonaws.com"]
}

run "may_do_what_is_said" {
  variables {
    statements = [{ actions = ["s3:GetObject"], resources = ["arn:aws:s3:::b/*"] }]
  }

  assert {
    condition     = jsondecode(aws_iam_policy.this[0].policy).Statement[0] == { Effect = "Allow", Action = ["s3:GetObject"], Resource = ["arn:aws:s3:::b/*"] }
    error_message = "One statement, as it was given."
  }

  assert {
    condition     = jsondecode(aws_iam_role.this.assume_role_policy).Statement[0].Principal.Service == ["lambda.amazonaws.com"]
    error_message = "The service may take it on, nobody else."
  }
}

run "needs_somebody_to_take_it_on" {
  command = plan

  variables {
    trusted_services = []
  }

  expect_failures = [aws_iam_role.this]
}

run "refuses_what_is_too_wide" {
  command = plan

  variables {
    trusted_arns        = ["*"]
    statements          = [{ actions = ["s3:*"], resources = ["*"] }]
    managed_policy_arns = ["arn:aws:iam::aws:policy/AdministratorAccess"]
    oidc                = { provider_arn = "arn:aws:iam::123456789012:oidc-provider/x", issuer = "x", subjects = ["repo:*"] }
  }

  expect_failures = [var.trusted_arns, var.statements, var.managed_policy_arns, var.oidc]
}
