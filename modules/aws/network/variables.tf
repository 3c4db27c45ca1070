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

variable "cidr" {
  type        = string
  description = "The range of addresses: a /16 to /24."
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.cidr)) && try(tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 24, false)
    error_message = "The range is an IPv4 range from /16 to /24, such as 10.0.0.0/16."
  }
}

variable "availability_zones" {
  type        = list(string)
  description = "The zones to stand in, by name; the first `zone_count` of the region if empty."
  default     = []
  nullable    = false

  validation {
    condition     = length(var.availability_zones) <= 6 && length(distinct(var.availability_zones)) == length(var.availability_zones)
    error_message = "At most 6 zones, each named once."
  }
}

variable "zone_count" {
  type        = number
  description = "How many zones to stand in, when they are not named."
  default     = 3
  nullable    = false

  validation {
    condition     = var.zone_count >= 1 && var.zone_count <= 6 && floor(var.zone_count) == var.zone_count
    error_message = "From 1 to 6 zones."
  }
}

variable "public_subnets" {
  type        = bool
  description = "Whether there are subnets that the internet reaches, for load balancers and NAT."
  default     = true
  nullable    = false
}

variable "nat" {
  type        = string
  description = "How private subnets reach the internet: `none`, `single` (one gateway for all), or `per-zone`."
  default     = "none"
  nullable    = false

  validation {
    condition     = contains(["none", "single", "per-zone"], var.nat)
    error_message = "NAT is `none`, `single` or `per-zone`."
  }
}

variable "gateway_endpoints" {
  type        = list(string)
  description = "Services that private subnets reach without the internet and without a price."
  default     = ["s3", "dynamodb"]
  nullable    = false

  validation {
    condition     = length(setsubtract(var.gateway_endpoints, ["s3", "dynamodb"])) == 0
    error_message = "Only `s3` and `dynamodb` have gateway endpoints."
  }
}

variable "interface_endpoints" {
  type        = list(string)
  description = "Services that private subnets reach without the internet, such as `secretsmanager`; each has a price an hour and zone."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.interface_endpoints : can(regex("^[a-z0-9.-]+$", each))])
    error_message = "A service is named as in its endpoint: `ecr.api`, `logs`, `secretsmanager`."
  }
}

variable "flow_logs" {
  type        = bool
  description = "Whether all accepted and refused traffic is logged."
  default     = true
  nullable    = false
}

variable "flow_log_retention_days" {
  type        = number
  description = "How many days flow logs are kept."
  default     = 90
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.flow_log_retention_days)
    error_message = "CloudWatch keeps logs for certain numbers of days only: 1, 3, 5, 7, 14, 30, 60, 90 and more."
  }
}

variable "kms_key_arn" {
  type        = string
  description = "The key that encrypts flow logs; CloudWatch's own if not set."
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
