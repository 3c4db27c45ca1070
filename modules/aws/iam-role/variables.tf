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
    condition     = var.name == null || can(regex("^[A-Za-z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "The name is at most 64 letters, digits and any of +=,.@_-."
  }
}

variable "description" {
  type        = string
  description = "What it is for, in a line."
  default     = ""
  nullable    = false
}

variable "path" {
  type        = string
  description = "Its path in IAM."
  default     = "/"
  nullable    = false

  validation {
    condition     = startswith(var.path, "/") && endswith(var.path, "/")
    error_message = "A path begins and ends with a slash."
  }
}

variable "trusted_services" {
  type        = list(string)
  description = "Services that may take it on, such as `lambda.amazonaws.com`."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.trusted_services : can(regex("^[a-z0-9.-]+[.]amazonaws[.]com([.]cn)?$", each))])
    error_message = "A service is a name such as lambda.amazonaws.com."
  }
}

variable "trusted_arns" {
  type        = list(string)
  description = "Roles, users or accounts, by ARN, that may take it on."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.trusted_arns : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:", each))])
    error_message = "Each is an ARN of one account; everybody is not trusted."
  }
}

variable "external_id" {
  type        = string
  description = "The word that `trusted_arns` have to know, for other companies' accounts."
  default     = null
}

variable "oidc" {
  type = object({
    provider_arn = string
    issuer       = string
    audience     = optional(string, "sts.amazonaws.com")
    subjects     = list(string)
  })
  description = "Who may take it on with a token, as of a CI system: issuer without `https://`, subjects word for word."
  default     = null

  validation {
    condition     = var.oidc == null || try(length(var.oidc.subjects) > 0 && !strcontains(join("", var.oidc.subjects), "*"), false)
    error_message = "At least one subject, and each word for word."
  }
}

variable "statements" {
  type = list(object({
    sid        = optional(string)
    effect     = optional(string, "Allow")
    actions    = list(string)
    resources  = list(string)
    conditions = optional(map(map(list(string))), {})
  }))
  description = "What it may do."
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for each in var.statements :
      each.effect == "Deny" || alltrue([for action in each.actions : can(regex("^[a-z0-9-]+:[^:]+$", action)) && !endswith(action, ":*")])
    ]) && alltrue([for each in var.statements : contains(["Allow", "Deny"], each.effect)])
    error_message = "What is allowed is named: no action is `*` or `service:*`."
  }
}

variable "managed_policy_arns" {
  type        = list(string)
  description = "Policies that stand elsewhere, by ARN."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.managed_policy_arns : can(regex("^arn:[a-z-]+:iam::", each)) && !endswith(each, "/AdministratorAccess")])
    error_message = "Each is the ARN of a policy, and not AdministratorAccess."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "The policy that it can never go beyond."
  default     = null
}

variable "longest_session_s" {
  type        = number
  description = "How long it may be taken on at a time, in seconds."
  default     = 3600
  nullable    = false

  validation {
    condition     = var.longest_session_s >= 3600 && var.longest_session_s <= 43200
    error_message = "From one to twelve hours."
  }
}

variable "instance_profile" {
  type        = bool
  description = "Whether machines of EC2 may be given it."
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
