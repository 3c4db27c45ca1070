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
    condition     = var.name == null || can(regex("^[A-Za-z0-9_-]{1,110}$", var.name))
    error_message = "The name is at most 110 letters, digits, dashes and underscores."
  }
}

variable "scope" {
  type        = string
  description = "`REGIONAL` for load balancers and APIs; `CLOUDFRONT` for distributions, in us-east-1."
  default     = "REGIONAL"
  nullable    = false

  validation {
    condition     = contains(["REGIONAL", "CLOUDFRONT"], var.scope)
    error_message = "The scope is `REGIONAL` or `CLOUDFRONT`."
  }
}

variable "protected" {
  type        = map(string)
  description = "What it stands before: ARNs of load balancers or APIs, by a name of your choice. Distributions name the ACL themselves."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for each in var.protected : can(regex("^arn:", each))])
    error_message = "Each is an ARN."
  }
}

variable "managed_rules" {
  type        = list(string)
  description = "AWS's groups of rules, in their order."
  default     = ["AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesCommonRuleSet", "AWSManagedRulesKnownBadInputsRuleSet", "AWSManagedRulesSQLiRuleSet"]
  nullable    = false

  validation {
    condition     = length(distinct(var.managed_rules)) == length(var.managed_rules) && alltrue([for each in var.managed_rules : startswith(each, "AWSManagedRules")])
    error_message = "A group of AWS begins with AWSManagedRules, and is named once."
  }
}

variable "only_counted" {
  type        = list(string)
  description = "Groups that are only counted, to see what they would block."
  default     = []
  nullable    = false
}

variable "most_requests" {
  type        = number
  description = "How many requests in five minutes one address may make."
  default     = 2000
  nullable    = false

  validation {
    condition     = var.most_requests >= 10 && var.most_requests <= 2000000000
    error_message = "10 or more."
  }
}

variable "blocked_cidrs" {
  type        = list(string)
  description = "Ranges of addresses that are refused."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.blocked_cidrs : can(cidrhost(each, 0))])
    error_message = "Each is a range of addresses such as 10.0.0.0/16."
  }
}

variable "logs" {
  type        = bool
  description = "Whether requests are logged, without `Authorization` and `Cookie`."
  default     = true
  nullable    = false
}

variable "log_retention_days" {
  type        = number
  description = "How many days logs are kept."
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "CloudWatch keeps logs for certain numbers of days only: 1, 3, 5, 7, 14, 30, 60, 90 and more."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts logs; CloudWatch's own if not set."
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
