locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")

  # Names of metrics know no dots and no blanks.
  metric = replace(local.name, "/[^A-Za-z0-9_-]/", "-")
}

resource "aws_wafv2_ip_set" "blocked" {
  count = length(var.blocked_cidrs) > 0 ? 1 : 0

  name               = "${local.name}-blocked"
  scope              = var.scope
  ip_address_version = "IPV4"
  addresses          = var.blocked_cidrs
  tags               = var.tags
}

resource "aws_wafv2_web_acl" "this" {
  name        = local.name
  description = "What may reach ${local.name}"
  scope       = var.scope
  tags        = var.tags

  default_action {
    allow {}
  }

  dynamic "rule" {
    for_each = aws_wafv2_ip_set.blocked

    content {
      name     = "blocked-addresses"
      priority = 0

      action {
        block {}
      }

      statement {
        ip_set_reference_statement {
          arn = rule.value.arn
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
        metric_name                = "${local.metric}-blocked-addresses"
      }
    }
  }

  rule {
    name     = "too-many-requests"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit              = var.most_requests
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      sampled_requests_enabled   = true
      metric_name                = "${local.metric}-too-many-requests"
    }
  }

  dynamic "rule" {
    for_each = var.managed_rules

    content {
      name     = rule.value
      priority = 10 + rule.key

      override_action {
        dynamic "count" {
          for_each = contains(var.only_counted, rule.value) ? [1] : []
          content {}
        }

        dynamic "none" {
          for_each = contains(var.only_counted, rule.value) ? [] : [1]
          content {}
        }
      }

      statement {
        managed_rule_group_statement {
          vendor_name = "AWS"
          name        = rule.value
        }
      }

      visibility_config {
        cloudwatch_metrics_enabled = true
        sampled_requests_enabled   = true
        metric_name                = "${local.metric}-${rule.value}"
      }
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    sampled_requests_enabled   = true
    metric_name                = local.metric
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  for_each = var.protected

  web_acl_arn  = aws_wafv2_web_acl.this.arn
  resource_arn = each.value
}

# WAF writes only to groups whose name begins like this.
resource "aws_cloudwatch_log_group" "this" {
  count = var.logs ? 1 : 0

  name              = "aws-waf-logs-${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_wafv2_web_acl_logging_configuration" "this" {
  count = var.logs ? 1 : 0

  resource_arn            = aws_wafv2_web_acl.this.arn
  log_destination_configs = [aws_cloudwatch_log_group.this[0].arn]

  dynamic "redacted_fields" {
    for_each = toset(["authorization", "cookie"])

    content {
      single_header {
        name = redacted_fields.value
      }
    }
  }
}
