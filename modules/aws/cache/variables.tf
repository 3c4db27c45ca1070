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
    condition     = var.name == null || can(regex("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.name))
    error_message = "The name is at most 63 lower-case letters, digits and dashes."
  }
}

variable "vpc_id" {
  type        = string
  description = "The VPC that it stands in."

  validation {
    condition     = can(regex("^vpc-", var.vpc_id))
    error_message = "The id of a VPC begins with vpc-."
  }
}

variable "subnet_ids" {
  type        = list(string)
  description = "Private subnets that it stands in."

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "At least two subnets, in different zones."
  }
}

variable "allowed_security_group_ids" {
  type        = map(string)
  description = "Who may reach it: security groups, by a name of your choice."
  default     = {}
  nullable    = false
}

variable "allowed_cidrs" {
  type        = list(string)
  description = "Who may reach it: ranges of addresses."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.allowed_cidrs : can(cidrhost(each, 0))])
    error_message = "Each is a range of addresses such as 10.0.0.0/16."
  }
}

variable "engine" {
  type        = string
  description = "`valkey` or `redis`."
  default     = "valkey"
  nullable    = false

  validation {
    condition     = contains(["valkey", "redis"], var.engine)
    error_message = "The engine is `valkey` or `redis`."
  }
}

variable "engine_version" {
  type        = string
  description = "The version, such as `8.0` for valkey and `7.1` for redis."
  default     = "8.0"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+[.][0-9x]+$", var.engine_version))
    error_message = "A version is such as 8.0."
  }
}

variable "node_type" {
  type        = string
  description = "The machine of a node."
  default     = "cache.t4g.small"
  nullable    = false

  validation {
    condition     = startswith(var.node_type, "cache.")
    error_message = "A type begins with cache."
  }
}

variable "nodes" {
  type        = number
  description = "How many nodes: the first is written to, the others are copies in other zones."
  default     = 2
  nullable    = false

  validation {
    condition     = var.nodes >= 1 && var.nodes <= 6 && floor(var.nodes) == var.nodes
    error_message = "From 1 to 6 nodes."
  }
}

variable "parameters" {
  type        = map(string)
  description = "Parameters of the engine, by name."
  default     = {}
  nullable    = false
}

variable "user_group_ids" {
  type        = list(string)
  description = "Groups of users with their own passwords and rights; without one whoever is allowed to reach it may use it."
  default     = null
}

variable "snapshot_days" {
  type        = number
  description = "How many days snapshots are kept; 0 for none."
  default     = 7
  nullable    = false

  validation {
    condition     = var.snapshot_days >= 0 && var.snapshot_days <= 35
    error_message = "From 0 to 35 days."
  }
}

variable "snapshot_window" {
  type        = string
  description = "When snapshots are made, UTC."
  default     = "02:00-03:00"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$", var.snapshot_window))
    error_message = "A window is such as 02:00-03:00."
  }
}

variable "maintenance_window" {
  type        = string
  description = "When AWS may maintain it, UTC."
  default     = "sun:03:30-sun:04:30"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z]{3}:[0-9]{2}:[0-9]{2}-[a-z]{3}:[0-9]{2}:[0-9]{2}$", var.maintenance_window))
    error_message = "A window is such as sun:03:30-sun:04:30."
  }
}

variable "final_snapshot" {
  type        = bool
  description = "Whether a last snapshot is made when it is deleted."
  default     = true
  nullable    = false
}

variable "apply_immediately" {
  type        = bool
  description = "Whether changes that interrupt it happen at once, and not in the maintenance window."
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts what is on disk; AWS's own if not set."
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
