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
  description = "What it is called in the local cloud; product-environment-stack if not set."
  default     = null

  validation {
    condition     = var.name == null || can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The name is at most 63 lower-case letters, digits and dashes."
  }
}

variable "versioning" {
  type        = bool
  description = "Whether old objects are to be kept."
  default     = false
  nullable    = false
}

variable "quota_mb" {
  type        = number
  description = "How many megabytes it may hold; no limit if not set."
  default     = null

  validation {
    condition     = var.quota_mb == null || try(var.quota_mb >= 1, false)
    error_message = "The quota is at least 1 MB."
  }
}

variable "labels" {
  type        = map(string)
  description = "Labels, for people."
  default     = {}
  nullable    = false
}

variable "force_destroy" {
  type        = bool
  description = "Allow to destroy the bucket with objects in it."
  default     = false
  nullable    = false
}
