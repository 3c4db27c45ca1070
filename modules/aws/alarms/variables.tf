variable "product" {
  type        = string
  description = "The product that this belongs to; filled in by the controller."

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.product))
    error_message = "The product is lower-case letters, digits and dashes."
  }
}

variable "environment" {
  type        = string
  description = "The environment that this stands in; filled in by the controller."

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.environment))
    error_message = "The environment is lower-case letters, digits and dashes."
  }
}

variable "stack" {
  type        = string
  description = "The stack that this is; filled in by the controller."

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", var.stack))
    error_message = "The stack is lower-case letters, digits and dashes."
  }
}

variable "name" {
  type        = string
  description = "What it is called; product-environment-stack if not set."
  default     = null

  validation {
    condition     = var.name == null || can(regex("^[A-Za-z0-9_-]{1,200}$", var.name))
    error_message = "The name is at most 200 letters, digits, dashes and underscores."
  }
}

variable "alarms" {
  type = map(object({
    description  = string
    namespace    = string
    metric       = string
    dimensions   = optional(map(string), {})
    statistic    = optional(string, "Average")
    comparison   = optional(string, "GreaterThanThreshold")
    threshold    = number
    period_s     = optional(number, 60)
    periods      = optional(number, 5)
    of_periods   = optional(number, 3)
    missing_data = optional(string, "missing")
  }))
  description = "Alarms, by name. `missing_data` is `missing`, `breaching`, `notBreaching` or `ignore`."
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for each in var.alarms :
      each.of_periods <= each.periods && contains([10, 30], each.period_s) || each.period_s % 60 == 0 && each.of_periods <= each.periods
    ]) && alltrue([for each in var.alarms : contains(["missing", "breaching", "notBreaching", "ignore"], each.missing_data)])
    error_message = "A period is 10, 30 or whole minutes; `of_periods` is at most `periods`."
  }
}

variable "receivers" {
  type = map(object({
    protocol = string
    endpoint = string
  }))
  description = "Who is told: `email`, `https`, `lambda` or `sqs`, and where; an address of mail has to confirm."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for each in var.receivers : contains(["email", "https", "lambda", "sqs"], each.protocol)])
    error_message = "The protocol is `email`, `https`, `lambda` or `sqs`; `http` is not."
  }
}

variable "dashboard" {
  type        = bool
  description = "Whether there is a dashboard with each alarm's metric and limit."
  default     = true
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts messages, which CloudWatch may use; one is made if not set."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "The key is the ARN of a KMS key."
  }
}

variable "tags" {
  type        = map(string)
  description = "More tags, beside product, environment, owner and commit, which the environment's provider sets."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.tags) : !startswith(key, "aws:")])
    error_message = "A tag does not begin with `aws:`."
  }
}
