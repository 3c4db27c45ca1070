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
    condition     = var.name == null || can(regex("^[A-Za-z0-9_-]{1,100}$", var.name))
    error_message = "The name is at most 100 letters, digits, dashes and underscores."
  }
}

variable "limit" {
  type        = number
  description = "What may be spent in a period."

  validation {
    condition     = var.limit > 0
    error_message = "More than nothing."
  }
}

variable "currency" {
  type        = string
  description = "The currency of the bill."
  default     = "USD"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "Three capital letters."
  }
}

variable "period" {
  type        = string
  description = "`MONTHLY`, `QUARTERLY` or `ANNUALLY`."
  default     = "MONTHLY"
  nullable    = false

  validation {
    condition     = contains(["MONTHLY", "QUARTERLY", "ANNUALLY"], var.period)
    error_message = "The period is `MONTHLY`, `QUARTERLY` or `ANNUALLY`."
  }
}

variable "whole_account" {
  type        = bool
  description = "Whether all of the account counts; otherwise what is tagged with this product."
  default     = false
  nullable    = false
}

variable "warn_at" {
  type = list(object({
    percent = number
    of      = string
  }))
  description = "When somebody is told: percent of the limit that is spent (`ACTUAL`) or will be by the end (`FORECASTED`)."
  default     = [{ percent = 80, of = "ACTUAL" }, { percent = 100, of = "FORECASTED" }]
  nullable    = false

  validation {
    condition     = length(var.warn_at) <= 5 && alltrue([for each in var.warn_at : contains(["ACTUAL", "FORECASTED"], each.of) && each.percent > 0])
    error_message = "At most five, each a percentage of `ACTUAL` or `FORECASTED`."
  }
}

variable "emails" {
  type        = list(string)
  description = "Who is told, by mail."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.emails : can(regex("^[^@ ]+@[^@ ]+$", each))])
    error_message = "Each is an address of mail."
  }
}

variable "topic_arns" {
  type        = list(string)
  description = "Topics of SNS that are told."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.topic_arns : can(regex("^arn:[a-z-]+:sns:", each))])
    error_message = "Each is the ARN of a topic."
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
