mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/role" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:group" }
  }

  mock_resource "aws_lambda_function" {
    defaults = { arn = "arn:aws:lambda:eu-west-1:123456789012:function:function" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "mailer"
  code        = { bucket = "releases", key = "mailer/1.zip" }
}

run "may_do_little" {
  assert {
    condition     = [for each in jsondecode(aws_iam_role_policy.this.policy).Statement : each.Sid] == ["OwnLogs", "Tracing"]
    error_message = "Logs and traces, and no more."
  }

  assert {
    condition     = aws_lambda_function.this.package_type == "Zip" && aws_cloudwatch_log_group.this.retention_in_days == 90
    error_message = "A zip, and logs of 90 days."
  }
}

run "has_one_source_of_code" {
  command = plan

  variables {
    image_uri = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/mailer:1"
  }

  expect_failures = [aws_lambda_function.this]
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    architecture = "mips"
    timeout_s    = 1000
    statements   = [{ sid = "All", actions = ["*"], resources = ["*"] }]
    callers      = { all = { service = "s3.amazonaws.com", arn = "*" } }
  }

  expect_failures = [var.architecture, var.timeout_s, var.statements, var.callers]
}
