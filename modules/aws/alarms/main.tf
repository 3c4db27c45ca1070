locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")

  account   = data.aws_caller_identity.current.account_id
  partition = data.aws_partition.current.partition
  region    = data.aws_region.current.id
  key_arn   = var.kms_key_arn != null ? var.kms_key_arn : aws_kms_key.this[0].arn
  widgets = [
    for index, key in sort(keys(var.alarms)) : {
      type   = "metric"
      x      = index % 2 * 12
      y      = floor(index / 2) * 6
      width  = 12
      height = 6
      properties = {
        title  = var.alarms[key].description
        region = local.region
        period = var.alarms[key].period_s
        stat   = var.alarms[key].statistic
        metrics = [
          concat(
            [var.alarms[key].namespace, var.alarms[key].metric],
            flatten([for name, value in var.alarms[key].dimensions : [name, value]]),
          )
        ]
        annotations = { horizontal = [{ label = "alarm", value = var.alarms[key].threshold }] }
      }
    }
  ]
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

# AWS's own key for SNS cannot be used by CloudWatch: alarms would be lost without a word.
resource "aws_kms_key" "this" {
  count = var.kms_key_arn == null ? 1 : 0

  description             = "Alarms of ${local.name}"
  enable_key_rotation     = true
  deletion_window_in_days = 30
  tags                    = var.tags

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Account"
        Effect    = "Allow"
        Action    = "kms:*"
        Resource  = "*"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account}:root" }
      },
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey*"]
        Resource  = "*"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}

resource "aws_sns_topic" "this" {
  name              = local.name
  kms_master_key_id = local.key_arn
  tags              = var.tags
}

resource "aws_sns_topic_policy" "this" {
  arn = aws_sns_topic.this.arn

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Alarms"
        Effect    = "Allow"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this.arn
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
      {
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Action    = "sns:Publish"
        Resource  = aws_sns_topic.this.arn
        Principal = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

resource "aws_sns_topic_subscription" "this" {
  for_each = var.receivers

  topic_arn = aws_sns_topic.this.arn
  protocol  = each.value.protocol
  endpoint  = each.value.endpoint
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = var.alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period_s
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.of_periods
  treat_missing_data  = each.value.missing_data
  alarm_actions       = [aws_sns_topic.this.arn]
  ok_actions          = [aws_sns_topic.this.arn]
  tags                = var.tags
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.dashboard && length(var.alarms) > 0 ? 1 : 0

  dashboard_name = local.name
  dashboard_body = jsonencode({ widgets = local.widgets })
}
