mock_provider "aws" {
  mock_resource "aws_secretsmanager_secret" {
    defaults = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:secret-abcdef" }
  }
}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "key"
}

run "can_be_had_back_and_is_not_public" {
  assert {
    condition     = aws_secretsmanager_secret.this.recovery_window_in_days == 30 && aws_secretsmanager_secret_policy.this.block_public_policy
    error_message = "Thirty days, and no public policy."
  }

  assert {
    condition     = length(jsondecode(aws_secretsmanager_secret_policy.this.policy).Statement) == 1
    error_message = "The policy allows nothing."
  }
}

run "lets_named_readers_read" {
  command = plan

  variables {
    reader_arns = ["arn:aws:iam::123456789012:role/api"]
  }

  assert {
    condition     = output.name == "shop-dev-key"
    error_message = "Named by its place."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    reader_arns       = ["*"]
    recovery_days     = 3
    rotate_every_days = 0
  }

  expect_failures = [var.reader_arns, var.recovery_days, var.rotate_every_days]
}
