mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/role" }
  }

  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:eu-west-1:123456789012:log-group:group" }
  }

  mock_data "aws_region" {
    defaults = { id = "eu-west-1" }
  }
}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "api"
  vpc_id      = "vpc-0123456789abcdef0"
  subnet_ids  = ["subnet-1", "subnet-2"]

  load_balancer_subnet_ids = ["subnet-3", "subnet-4"]
  certificate_arn          = "arn:aws:acm:eu-west-1:123456789012:certificate/1"
  image                    = "example/api:1"
}

run "is_closed_by_default" {
  command = plan

  assert {
    condition     = aws_lb.this.internal && aws_lb.this.enable_deletion_protection && length(aws_vpc_security_group_ingress_rule.https) == 0
    error_message = "Internal, protected, and nobody may reach it."
  }

  assert {
    condition     = aws_lb_listener.https.protocol == "HTTPS" && length(aws_lb_listener.redirect) == 0
    error_message = "HTTPS only."
  }

  assert {
    condition     = !aws_ecs_service.this.network_configuration[0].assign_public_ip && aws_ecs_service.this.deployment_circuit_breaker[0].rollback
    error_message = "No public addresses; bad deployments are rolled back."
  }
}

run "shortens_names_of_load_balancers" {
  command = plan

  variables {
    name = "a-name-that-is-longer-than-load-balancers-like"
  }

  assert {
    condition     = length(aws_lb.this.name) <= 32 && startswith(aws_lb.this.name, "a-name-that-is-longer-tha")
    error_message = "At most 32 characters."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    user            = "root"
    cpu             = 100
    certificate_arn = "none"
    secrets         = { KEY = "value" }
    statements      = [{ sid = "All", actions = ["s3:*"], resources = ["*"] }]
  }

  expect_failures = [var.user, var.cpu, var.certificate_arn, var.secrets, var.statements]
}
