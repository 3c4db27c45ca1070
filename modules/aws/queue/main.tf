locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")

  suffix    = var.fifo ? ".fifo" : ""
  partition = data.aws_partition.current.partition
  arns      = "arn:${local.partition}:sqs:${data.aws_region.current.id}:${data.aws_caller_identity.current.account_id}"
  policies = {
    for name in ["${local.name}${local.suffix}", "${local.name}-dead${local.suffix}"] : name => jsonencode({
      Version = "2012-10-17"
      Statement = [{
        Sid       = "OnlyOverTls"
        Effect    = "Deny"
        Principal = "*"
        Action    = "sqs:*"
        Resource  = "${local.arns}:${name}"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      }]
    })
  }
}

data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_caller_identity" "current" {}

# Policies stand in the queues, not in resources of their own: the provider waits after each.
resource "aws_sqs_queue" "dead" {
  name                      = "${local.name}-dead${local.suffix}"
  fifo_queue                = var.fifo
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn
  policy                    = local.policies["${local.name}-dead${local.suffix}"]
  tags                      = var.tags

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = ["${local.arns}:${local.name}${local.suffix}"]
  })
}

resource "aws_sqs_queue" "this" {
  name                        = "${local.name}${local.suffix}"
  fifo_queue                  = var.fifo
  content_based_deduplication = var.fifo ? var.deduplicate_by_content : null
  visibility_timeout_seconds  = var.visibility_timeout_s
  message_retention_seconds   = var.retention_s
  receive_wait_time_seconds   = 20
  sqs_managed_sse_enabled     = var.kms_key_arn == null ? true : null
  kms_master_key_id           = var.kms_key_arn
  policy                      = local.policies["${local.name}${local.suffix}"]
  tags                        = var.tags

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead.arn
    maxReceiveCount     = var.tries
  })
}
