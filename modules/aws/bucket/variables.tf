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
    condition     = var.name == null || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.name))
    error_message = "The name is 3 to 63 lower-case letters, digits, dots and dashes."
  }
}

variable "versioning" {
  type        = bool
  description = "Whether overwritten and deleted objects can be had back."
  default     = true
  nullable    = false
}

variable "keep_old_versions_days" {
  type        = number
  description = "How many days old versions are kept."
  default     = 90
  nullable    = false

  validation {
    condition     = var.keep_old_versions_days >= 1 && var.keep_old_versions_days <= 3650
    error_message = "From 1 to 3650 days."
  }
}

variable "expire_days" {
  type        = number
  description = "After how many days objects are deleted; never if not set."
  default     = null

  validation {
    condition     = var.expire_days == null || try(var.expire_days >= 1, false)
    error_message = "One day or more."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts objects; S3's own if not set."
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:", var.kms_key_arn))
    error_message = "The key is the ARN of a KMS key."
  }
}

variable "reader_arns" {
  type        = list(string)
  description = "Roles, by ARN, that may read objects, besides what IAM allows in this account."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.reader_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:", each))])
    error_message = "A reader is the ARN of a role or user; everybody is no reader."
  }
}

variable "access_log_bucket" {
  type        = string
  description = "The bucket that access logs go to; none if not set."
  default     = null
}

variable "destroy_with_objects" {
  type        = bool
  description = "Whether a destroy deletes the objects too; otherwise it fails while there are any."
  default     = false
  nullable    = false
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
