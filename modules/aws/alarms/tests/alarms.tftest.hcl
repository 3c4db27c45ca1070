mock_provider "aws" {
  mock_resource "aws_sns_topic" {
    defaults = { arn = "arn:aws:sns:eu-west-1:123456789012:topic" }
  }

  mock_resource "aws_kms_key" {
    defaults = { arn = "arn:aws:kms:eu-west-1:123456789012:key/1" }
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
  stack       = "alarms"

  alarms = {
    errors = {
      description = "Calls that fail"
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = "mailer" }
      statistic   = "Sum"
      threshold   = 1
    }
  }
}

run "tells_and_shows" {
  assert {
    condition     = aws_cloudwatch_metric_alarm.this["errors"].alarm_name == "shop-dev-alarms-errors" && length(aws_cloudwatch_metric_alarm.this["errors"].alarm_actions) == 1
    error_message = "The alarm tells the topic."
  }

  assert {
    condition     = length(aws_kms_key.this) == 1 && aws_kms_key.this[0].enable_key_rotation
    error_message = "Messages are encrypted."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_dashboard.this[0].dashboard_body).widgets[0].properties.metrics[0] == ["AWS/Lambda", "Errors", "FunctionName", "mailer"]
    error_message = "The dashboard shows the metric."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    alarms    = { odd = { description = "x", namespace = "x", metric = "x", threshold = 1, period_s = 45 } }
    receivers = { plain = { protocol = "http", endpoint = "http://example.com" } }
  }

  expect_failures = [var.alarms, var.receivers]
}
