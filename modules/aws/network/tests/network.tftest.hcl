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

  mock_data "aws_availability_zones" {
    defaults = { names = ["eu-west-1a", "eu-west-1b", "eu-west-1c", "eu-west-1d"] }
  }
}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "network"
}

run "is_closed_by_default" {
  assert {
    condition     = length(aws_subnet.private) == 3 && length(aws_nat_gateway.this) == 0
    error_message = "Three zones, and no way out."
  }

  assert {
    condition     = aws_subnet.public["eu-west-1b"].cidr_block == "10.0.144.0/20" && !aws_subnet.public["eu-west-1b"].map_public_ip_on_launch
    error_message = "Public subnets take the upper half and hand out no addresses."
  }

  assert {
    condition     = aws_flow_log.this[0].traffic_type == "ALL" && length(aws_vpc_endpoint.gateway) == 2
    error_message = "All traffic is logged; S3 and DynamoDB are near."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    cidr                    = "10.0.0.0/30"
    zone_count              = 9
    nat                     = "many"
    gateway_endpoints       = ["sqs"]
    flow_log_retention_days = 2
  }

  expect_failures = [
    var.cidr, var.zone_count, var.nat, var.gateway_endpoints, var.flow_log_retention_days,
  ]
}
