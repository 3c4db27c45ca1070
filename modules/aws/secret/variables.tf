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
    condition     = var.name == null || can(regex("^[A-Za-z0-9/_+=.@-]{1,512}$", var.name))
    error_message = "The name is at most 512 letters, digits and any of /_+=.@-."
  }
}

variable "description" {
  type        = string
  description = "What it opens, in a line; never the value."
  default     = ""
  nullable    = false
}

variable "reader_arns" {
  type        = list(string)
  description = "Roles, by ARN, that may read the value, besides what IAM allows in this account."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.reader_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:", each))])
    error_message = "A reader is the ARN of a role or user; everybody is no reader."
  }
}

variable "recovery_days" {
  type        = number
  description = "How many days a deleted secret can be had back: 7 to 30, or 0 for not at all."
  default     = 30
  nullable    = false

  validation {
    condition     = var.recovery_days == 0 || (var.recovery_days >= 7 && var.recovery_days <= 30)
    error_message = "From 7 to 30 days, or 0."
  }
}

variable "rotation_function_arn" {
  type        = string
  description = "The function that rotates it; none if not set."
  default     = null

  validation {
    condition     = var.rotation_function_arn == null || can(regex("^arn:[a-z-]+:lambda:", var.rotation_function_arn))
    error_message = "The ARN of a Lambda function."
  }
}

variable "rotate_every_days" {
  type        = number
  description = "How often it is rotated."
  default     = 30
  nullable    = false

  validation {
    condition     = var.rotate_every_days >= 1 && var.rotate_every_days <= 1000
    error_message = "From 1 to 1000 days."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts it; the account's key for Secrets Manager if not set."
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
