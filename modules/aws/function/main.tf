locals {
  name = coalesce(var.name, "${var.product}-${var.environment}-${var.stack}")

  in_vpc    = length(var.subnet_ids) > 0
  partition = data.aws_partition.current.partition
  statements = concat(
    [{
      Sid      = "OwnLogs"
      Effect   = "Allow"
      Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
      Resource = "${aws_cloudwatch_log_group.this.arn}:*"
    }],
    [
      for each in var.tracing ? ["tracing"] : [] : {
        Sid      = "Tracing"
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      }
    ],
    [
      for each in local.in_vpc ? ["vpc"] : [] : {
        Sid      = "Network"
        Effect   = "Allow"
        Action   = ["ec2:CreateNetworkInterface", "ec2:DescribeNetworkInterfaces", "ec2:DeleteNetworkInterface", "ec2:DescribeSubnets"]
        Resource = "*"
      }
    ],
    [
      for arn in var.dead_letter_arn == null ? [] : [var.dead_letter_arn] : {
        Sid      = "DeadLetters"
        Effect   = "Allow"
        Action   = strcontains(arn, ":sqs:") ? ["sqs:SendMessage"] : ["sns:Publish"]
        Resource = arn
      }
    ],
    [
      for statement in var.statements : {
        Sid      = statement.sid
        Effect   = "Allow"
        Action   = statement.actions
        Resource = statement.resources
      }
    ],
  )
}

data "aws_partition" "current" {}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/lambda/${local.name}"
  retention_in_days = var.log_retention_days
  kms_key_id        = var.kms_key_arn
  tags              = var.tags
}

resource "aws_iam_role" "this" {
  name                 = local.name
  permissions_boundary = var.permissions_boundary_arn
  tags                 = var.tags

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "this" {
  name = "function"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version   = "2012-10-17"
    Statement = local.statements
  })
}

resource "aws_security_group" "this" {
  count = local.in_vpc ? 1 : 0

  name        = local.name
  description = "What ${local.name} reaches"
  vpc_id      = var.vpc_id
  tags        = merge(var.tags, { Name = local.name })
}

resource "aws_vpc_security_group_egress_rule" "this" {
  for_each = local.in_vpc ? toset(var.egress_cidrs) : []

  security_group_id = aws_security_group.this[0].id
  description       = each.key
  cidr_ipv4         = each.key
  ip_protocol       = "-1"
  tags              = var.tags
}

resource "aws_lambda_function" "this" {
  function_name = local.name
  description   = var.description
  role          = aws_iam_role.this.arn

  package_type      = var.image_uri == null ? "Zip" : "Image"
  image_uri         = var.image_uri
  s3_bucket         = var.code == null ? null : var.code.bucket
  s3_key            = var.code == null ? null : var.code.key
  s3_object_version = var.code == null ? null : var.code.version
  handler           = var.image_uri == null ? var.handler : null
  runtime           = var.image_uri == null ? var.runtime : null
  architectures     = [var.architecture]

  memory_size                    = var.memory_mib
  timeout                        = var.timeout_s
  reserved_concurrent_executions = var.reserved_concurrency
  kms_key_arn                    = var.kms_key_arn

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  logging_config {
    log_format = "JSON"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  dynamic "environment" {
    for_each = length(var.env) > 0 ? [var.env] : []

    content {
      variables = environment.value
    }
  }

  dynamic "vpc_config" {
    for_each = local.in_vpc ? [var.subnet_ids] : []

    content {
      subnet_ids         = vpc_config.value
      security_group_ids = [aws_security_group.this[0].id]
    }
  }

  dynamic "dead_letter_config" {
    for_each = var.dead_letter_arn == null ? [] : [var.dead_letter_arn]

    content {
      target_arn = dead_letter_config.value
    }
  }

  tags = var.tags

  # The first calls would fail, and leave a log group without retention.
  depends_on = [aws_iam_role_policy.this]

  lifecycle {
    precondition {
      condition     = (var.image_uri == null) != (var.code == null)
      error_message = "The code is either in `code` or in `image_uri`."
    }

    precondition {
      condition     = !local.in_vpc || var.vpc_id != null
      error_message = "With `subnet_ids` the function needs `vpc_id` too."
    }
  }
}

resource "aws_lambda_event_source_mapping" "queue" {
  for_each = var.queues

  event_source_arn        = each.value
  function_name           = aws_lambda_function.this.arn
  function_response_types = ["ReportBatchItemFailures"]
  batch_size              = var.batch_size
  tags                    = var.tags

  depends_on = [aws_iam_role_policy.queues]
}

resource "aws_iam_role_policy" "queues" {
  count = length(var.queues) > 0 ? 1 : 0

  name = "queues"
  role = aws_iam_role.this.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "Receive"
      Effect   = "Allow"
      Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
      Resource = values(var.queues)
    }]
  })
}

resource "aws_lambda_permission" "caller" {
  for_each = var.callers

  statement_id   = each.key
  action         = "lambda:InvokeFunction"
  function_name  = aws_lambda_function.this.function_name
  principal      = each.value.service
  source_arn     = each.value.arn
  source_account = split(":", aws_lambda_function.this.arn)[4]
}
