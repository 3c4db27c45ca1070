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
    condition     = var.name == null || can(regex("^[a-z0-9]([a-z0-9-]{0,55}[a-z0-9])?$", var.name))
    error_message = "The name is at most 57 lower-case letters, digits and dashes."
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
  description = "Private subnets that the tasks stand in."

  validation {
    condition     = length(var.subnet_ids) >= 2
    error_message = "At least two subnets, in different zones."
  }
}

variable "load_balancer_subnet_ids" {
  type        = list(string)
  description = "Subnets that the load balancer stands in: private ones, or public ones with `internal: false`."

  validation {
    condition     = length(var.load_balancer_subnet_ids) >= 2
    error_message = "At least two subnets, in different zones."
  }
}

variable "certificate_arn" {
  type        = string
  description = "The load balancer's certificate, such as the one of the module `dns`."

  validation {
    condition     = can(regex("^arn:[a-z-]+:(acm|iam):", var.certificate_arn))
    error_message = "The ARN of a certificate in ACM or IAM."
  }
}

variable "image" {
  type        = string
  description = "The image, best by digest."

  validation {
    condition     = can(regex("^[^\\s]+$", var.image))
    error_message = "The name of an image."
  }
}

variable "command" {
  type        = list(string)
  description = "What is run in the image; its own command if not set."
  default     = null
}

variable "port" {
  type        = number
  description = "The port that the container listens on."
  default     = 8080
  nullable    = false

  validation {
    condition     = var.port >= 1 && var.port <= 65535
    error_message = "The port is from 1 to 65535."
  }
}

variable "health_path" {
  type        = string
  description = "GET of this path must be answered with 200 to 299."
  default     = "/healthz"
  nullable    = false

  validation {
    condition     = startswith(var.health_path, "/")
    error_message = "The health path begins with a slash."
  }
}

variable "cpu" {
  type        = number
  description = "Processor units of a task; 1024 is one processor."
  default     = 256
  nullable    = false

  validation {
    condition     = contains([256, 512, 1024, 2048, 4096, 8192, 16384], var.cpu)
    error_message = "Fargate has 256, 512, 1024, 2048, 4096, 8192 and 16384."
  }
}

variable "memory_mib" {
  type        = number
  description = "Memory of a task."
  default     = 512
  nullable    = false

  validation {
    condition     = var.memory_mib >= 512 && var.memory_mib <= 122880
    error_message = "From 512 to 122880 MiB."
  }
}

variable "architecture" {
  type        = string
  description = "`X86_64` or `ARM64`."
  default     = "X86_64"
  nullable    = false

  validation {
    condition     = contains(["X86_64", "ARM64"], var.architecture)
    error_message = "The architecture is `X86_64` or `ARM64`."
  }
}

variable "min_tasks" {
  type        = number
  description = "How many tasks there are at least."
  default     = 2
  nullable    = false

  validation {
    condition     = var.min_tasks >= 0 && floor(var.min_tasks) == var.min_tasks
    error_message = "0 or more."
  }
}

variable "max_tasks" {
  type        = number
  description = "How many tasks there are at most."
  default     = 6
  nullable    = false

  validation {
    condition     = var.max_tasks >= 1 && floor(var.max_tasks) == var.max_tasks
    error_message = "1 or more."
  }
}

variable "target_cpu_percent" {
  type        = number
  description = "How busy tasks should be; more are started above it."
  default     = 60
  nullable    = false

  validation {
    condition     = var.target_cpu_percent >= 10 && var.target_cpu_percent <= 95
    error_message = "From 10 to 95 percent."
  }
}

variable "env" {
  type        = map(string)
  description = "Environment variables; no secrets."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.env) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", key))])
    error_message = "The name of a variable is letters, digits and underscores."
  }
}

variable "secrets" {
  type        = map(string)
  description = "Environment variables whose value is in Secrets Manager: the ARN of a secret, or of one key of it."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for each in var.secrets : can(regex("^arn:[a-z-]+:secretsmanager:", each))])
    error_message = "Each is the ARN of a secret in Secrets Manager."
  }
}

variable "statements" {
  type = list(object({
    sid       = string
    actions   = list(string)
    resources = list(string)
  }))
  description = "What the container may do in AWS."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue(flatten([for each in var.statements : [for action in each.actions : can(regex("^[a-z0-9-]+:[^:]+$", action)) && !endswith(action, ":*")]]))
    error_message = "What is allowed is named: no action is `*` or `service:*`."
  }
}

variable "permissions_boundary_arn" {
  type        = string
  description = "The policy that its roles can never go beyond."
  default     = null
}

variable "repository_arn" {
  type        = string
  description = "The repository in ECR that images may be pulled from; all of the account if not set."
  default     = null
}

variable "internal" {
  type        = bool
  description = "Whether only the VPC reaches it."
  default     = true
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

variable "egress_cidrs" {
  type        = list(string)
  description = "What tasks reach."
  default     = ["0.0.0.0/0"]
  nullable    = false

  validation {
    condition     = alltrue([for each in var.egress_cidrs : can(cidrhost(each, 0))])
    error_message = "Each is a range of addresses such as 10.0.0.0/16."
  }
}

variable "redirect_http" {
  type        = bool
  description = "Whether port 80 is open, to send people to HTTPS."
  default     = false
  nullable    = false
}

variable "cluster_arn" {
  type        = string
  description = "The cluster that it runs in; one of its own if not set."
  default     = null
}

variable "read_only" {
  type        = bool
  description = "Whether the container cannot write to its own disk."
  default     = true
  nullable    = false
}

variable "user" {
  type        = string
  description = "Whom the container runs as: not root."
  default     = "65532"
  nullable    = false

  validation {
    condition     = !contains(["root", "0", "0:0"], var.user)
    error_message = "The user is not root."
  }
}

variable "start_seconds" {
  type        = number
  description = "How long a new task may take before its health counts."
  default     = 60
  nullable    = false

  validation {
    condition     = var.start_seconds >= 0 && var.start_seconds <= 3600
    error_message = "From 0 to 3600 seconds."
  }
}

variable "wait" {
  type        = bool
  description = "Whether an apply ends only when the new tasks serve, and fails when they do not."
  default     = true
  nullable    = false
}

variable "access_log_bucket" {
  type        = string
  description = "The bucket that the load balancer logs to; none if not set."
  default     = null
}

variable "deletion_protection" {
  type        = bool
  description = "Whether AWS refuses to delete the load balancer."
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
