locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")
}

resource "aws_budgets_budget" "this" {
  name         = local.name
  budget_type  = "COST"
  limit_amount = tostring(var.limit)
  limit_unit   = var.currency
  time_unit    = var.period
  tags         = var.tags

  dynamic "cost_filter" {
    for_each = var.whole_account ? [] : [var.product]

    content {
      name   = "TagKeyValue"
      values = [format("user:product$%s", cost_filter.value)]
    }
  }

  dynamic "notification" {
    for_each = var.warn_at

    content {
      notification_type          = notification.value.of
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value.percent
      threshold_type             = "PERCENTAGE"
      subscriber_email_addresses = var.emails
      subscriber_sns_topic_arns  = var.topic_arns
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.emails) + length(var.topic_arns) > 0
      error_message = "Nobody would be told: set emails or topic_arns."
    }
  }
}
