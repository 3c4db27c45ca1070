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
    condition     = var.name == null || can(regex("^[A-Za-z0-9_-]{1,64}$", var.name))
    error_message = "The name is at most 64 letters, digits, dashes and underscores."
  }
}

variable "description" {
  type        = string
  description = "What it does, in a line."
  default     = ""
  nullable    = false
}

variable "code" {
  type = object({
    bucket  = string
    key     = string
    version = optional(string)
  })
  description = "The zip in a bucket; a new key or version is a new deployment."
  default     = null
}

variable "image_uri" {
  type        = string
  description = "The image in ECR, instead of `code`."
  default     = null
}

variable "handler" {
  type        = string
  description = "What is called in the zip."
  default     = "main.handler"
  nullable    = false
}

variable "runtime" {
  type        = string
  description = "What runs the zip."
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z0-9.]+$", var.runtime))
    error_message = "A runtime is such as python3.13."
  }
}

variable "architecture" {
  type        = string
  description = "`arm64` or `x86_64`."
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "The architecture is `arm64` or `x86_64`."
  }
}

variable "memory_mib" {
  type        = number
  description = "How much memory it has; processors come with it."
  default     = 256
  nullable    = false

  validation {
    condition     = var.memory_mib >= 128 && var.memory_mib <= 10240
    error_message = "From 128 to 10240 MiB."
  }
}

variable "timeout_s" {
  type        = number
  description = "How long a call may take."
  default     = 30
  nullable    = false

  validation {
    condition     = var.timeout_s >= 1 && var.timeout_s <= 900
    error_message = "From 1 to 900 seconds."
  }
}

variable "reserved_concurrency" {
  type        = number
  description = "How many calls may run at a time; -1 for as many as the account has."
  default     = -1
  nullable    = false

  validation {
    condition     = var.reserved_concurrency >= -1
    error_message = "-1 or more."
  }
}

variable "env" {
  type        = map(string)
  description = "Environment variables; no secrets: pass their ARNs, and allow them in `statements`."
  default     = {}
  nullable    = false
}

variable "statements" {
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
  }))
  description = "What else it may do."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue(flatten([for each in var.statements : [for action in each.actions : can(regex("^[a-z0-9-]+:[^:]+$", action)) && !endswith(action, ":*")]]))
    error_message = "What is allowed is named: no action is `*` or `service:*`."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "The policy that its role can never go beyond."
  default     = null
}

variable "queues" {
  type        = map(string)
  description = "Queues of SQS, by ARN, whose messages it is called with."
  default     = {}
  nullable    = false
}

variable "batch_size" {
  type        = number
  description = "How many messages it is called with at a time."
  default     = 10
  nullable    = false

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10000
    error_message = "From 1 to 10000."
  }
}

variable "callers" {
  type = map(object({
    service = string
    arn     = string
  }))
  description = "Who may call it besides IAM: a service and the ARN that it calls for."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for each in var.callers : can(regex("^arn:", each.arn)) && can(regex("[.]amazonaws[.]com", each.service))])
    error_message = "A caller is a service and the ARN of one thing of it."
  }
}

variable "dead_letter_arn" {
  type        = string
  description = "The queue or topic where events go that it failed on."
  default     = null
}

variable "vpc_id" {
  type        = string
  description = "The VPC, when it stands in one."
  default     = null
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets that it stands in; none: outside of any VPC."
  default     = []
  nullable    = false
}

variable "egress_cidrs" {
  type        = list(string)
  description = "What it reaches from inside the VPC."
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = alltrue([for each in var.egress_cidrs : can(cidrhost(each, 0))])
    error_message = "Each is a range of addresses such as 10.0.0.0/16."
  }
}

variable "tracing" {
  type        = bool
  description = "Whether calls are traced with X-Ray."
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
  description = "The key that encrypts variables and logs; AWS's own if not set."
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
