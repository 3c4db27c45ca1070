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
    condition     = var.name == null || can(regex("^[A-Za-z0-9_-]{1,70}$", var.name))
    error_message = "The name is at most 70 letters, digits, dashes and underscores."
  }
}

variable "fifo" {
  type        = bool
  description = "Whether messages keep their order."
  default     = false
  nullable    = false
}

variable "deduplicate_by_content" {
  type        = bool
  description = "Of a FIFO queue: whether equal messages within five minutes are one."
  default     = false
  nullable    = false
}

variable "visibility_timeout_s" {
  type        = number
  description = "How many seconds a consumer has for a message before another one gets it."
  default     = 60
  nullable    = false

  validation {
    condition     = var.visibility_timeout_s >= 0 && var.visibility_timeout_s <= 43200
    error_message = "From 0 to 43200 seconds."
  }
}

variable "retention_s" {
  type        = number
  description = "How many seconds a message waits before it is lost."
  default     = 345600
  nullable    = false

  validation {
    condition     = var.retention_s >= 60 && var.retention_s <= 1209600
    error_message = "From a minute to 14 days."
  }
}

variable "tries" {
  type        = number
  description = "How often a message is received before it goes to the dead-letter queue."
  default     = 5
  nullable    = false

  validation {
    condition     = var.tries >= 1 && var.tries <= 1000
    error_message = "From 1 to 1000 times."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts messages; SQS's own if not set."
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
