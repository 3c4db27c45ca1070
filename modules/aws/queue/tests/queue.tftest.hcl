mock_provider "aws" {
  mock_resource "aws_sqs_queue" {
    defaults = { arn = "arn:aws:sqs:eu-west-1:123456789012:queue" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }

  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }
}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "orders"
}

run "is_encrypted_and_has_a_dead_letter_queue" {
  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled && aws_sqs_queue.dead.sqs_managed_sse_enabled
    error_message = "Both are encrypted."
  }

  assert {
    condition     = jsondecode(aws_sqs_queue.this.redrive_policy).maxReceiveCount == 5 && aws_sqs_queue.dead.name == "shop-dev-orders-dead"
    error_message = "After five tries a message is dead."
  }

  assert {
    condition     = strcontains(aws_sqs_queue.this.policy, "aws:SecureTransport")
    error_message = "Only over TLS."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    visibility_timeout_s = 50000
    retention_s          = 1
    tries                = 0
  }

  expect_failures = [var.visibility_timeout_s, var.retention_s, var.tries]
}
