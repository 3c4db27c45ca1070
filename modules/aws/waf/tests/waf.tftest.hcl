mock_provider "aws" {
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:group" }
  }
}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "firewall"
}

run "blocks_by_default" {
  command = plan

  assert {
    condition     = length(aws_wafv2_web_acl.this.rule) == 5 && alltrue([for each in aws_wafv2_web_acl.this.rule : length(each.override_action) == 0 || try(length(each.override_action[0].none) == 1, false)])
    error_message = "Four groups and the limit, none of them only counted."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this[0].name == "aws-waf-logs-shop-dev-firewall"
    error_message = "WAF wants that name."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    scope         = "GLOBAL"
    managed_rules = ["MyRules"]
    most_requests = 1
    blocked_cidrs = ["everybody"]
  }

  expect_failures = [var.scope, var.managed_rules, var.most_requests, var.blocked_cidrs]
}
