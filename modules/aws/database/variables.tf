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
  description = "`postgres`, `mysql` or `mariadb`."
  default     = "postgres"
  nullable    = false

  validation {
    condition     = contains(["postgres", "mysql", "mariadb"], var.engine)
    error_message = "The engine is `postgres`, `mysql` or `mariadb`."
  }
}

variable "engine_version" {
  type        = string
  description = "The version: a major one such as `16` for postgres, `8.0` or `10.11` for the others."
  default     = "16"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]+([.][0-9]+)*$", var.engine_version))
    error_message = "A version is numbers with dots."
  }
}

variable "database" {
  type        = string
  description = "The database that is made in it."
  default     = null

  validation {
    condition     = var.database == null || can(regex("^[A-Za-z][A-Za-z0-9_]{0,62}$", var.database))
    error_message = "The name is letters, digits and underscores."
  }
}

variable "username" {
  type        = string
  description = "The administrator; RDS keeps the password in Secrets Manager."
  default     = "administrator"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z][A-Za-z0-9_]{0,15}$", var.username)) && !contains(["admin", "postgres", "rdsadmin"], var.username)
    error_message = "At most 16 letters, digits and underscores, and no reserved name."
  }
}

variable "port" {
  type        = number
  description = "The port; the engine's usual one if not set."
  default     = null

  validation {
    condition     = var.port == null || try(var.port >= 1150 && var.port <= 65535, false)
    error_message = "The port is from 1150 to 65535."
  }
}

variable "instance_class" {
  type        = string
  description = "The machine."
  default     = "db.t4g.medium"
  nullable    = false

  validation {
    condition     = startswith(var.instance_class, "db.")
    error_message = "A class begins with db."
  }
}

variable "storage_gib" {
  type        = number
  description = "How much storage it begins with."
  default     = 20
  nullable    = false

  validation {
    condition     = var.storage_gib >= 20 && var.storage_gib <= 65536
    error_message = "From 20 to 65536 GiB."
  }
}

variable "most_storage_gib" {
  type        = number
  description = "How much it may grow to by itself."
  default     = 200
  nullable    = false

  validation {
    condition     = var.most_storage_gib >= 22
    error_message = "More than `storage_gib` by at least a tenth."
  }
}

variable "multi_az" {
  type        = bool
  description = "Whether a second one stands by in another zone."
  default     = true
  nullable    = false
}

variable "backup_days" {
  type        = number
  description = "How many days it can be restored to any instant of."
  default     = 14
  nullable    = false

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "From 1 to 35 days."
  }
}

variable "backup_window" {
  type        = string
  description = "When backups are made, UTC."
  default     = "02:00-03:00"
  nullable    = false

  validation {
    condition     = can(regex("^[0-9]{2}:[0-9]{2}-[0-9]{2}:[0-9]{2}$", var.backup_window))
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

variable "parameters" {
  type        = map(string)
  description = "Parameters of the engine, by name; they hold after the next restart. That TLS is demanded cannot be set."
  default     = {}
  nullable    = false
}

variable "deletion_protection" {
  type        = bool
  description = "Whether AWS refuses to delete it."
  default     = true
  nullable    = false
}

variable "skip_final_snapshot" {
  type        = bool
  description = "Whether it is deleted without a last snapshot."
  default     = false
  nullable    = false
}

variable "apply_immediately" {
  type        = bool
  description = "Whether changes that interrupt it happen at once, and not in the maintenance window."
  default     = false
  nullable    = false
}

variable "performance_insights" {
  type        = bool
  description = "Whether AWS records what it waits for."
  default     = true
  nullable    = false
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts storage, password and insights; AWS's own if not set."
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
