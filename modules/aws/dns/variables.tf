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

variable "domain" {
  type        = string
  description = "The domain, such as `shop.example.com`."

  validation {
    condition     = can(regex("^([a-z0-9_]([a-z0-9_-]*[a-z0-9])?[.])+[a-z]{2,}$", var.domain))
    error_message = "A domain is lower-case names with dots, without one at the end."
  }
}

variable "zone_id" {
  type        = string
  description = "The zone that is there already; a new one is made if not set."
  default     = null
}

variable "private_vpc_ids" {
  type        = list(string)
  description = "VPCs that alone see the new zone; none: everybody does."
  default     = []
  nullable    = false
}

variable "records" {
  type = map(object({
    name   = string
    type   = string
    ttl    = optional(number, 300)
    values = optional(list(string), [])
    alias = optional(object({
      name    = string
      zone_id = string
    }))
  }))
  description = "Records, by a name of your choice; `name` is below the domain, empty for the domain itself; `alias` points to a load balancer or a distribution."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for each in var.records : contains(["A", "AAAA", "CAA", "CNAME", "MX", "NS", "SRV", "TXT"], each.type) && (length(each.values) > 0) != (each.alias != null)])
    error_message = "A record has a type that is known, and either values or an alias."
  }
}

variable "certificate" {
  type        = bool
  description = "Whether there is a certificate for it."
  default     = true
  nullable    = false
}

variable "alternative_names" {
  type        = list(string)
  description = "More names in the certificate, in the same zone, such as `*.shop.example.com`."
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for each in var.alternative_names : can(regex("^([*][.])?([a-z0-9_]([a-z0-9_-]*[a-z0-9])?[.])+[a-z]{2,}$", each))])
    error_message = "A name is a domain, or one with `*.` before it."
  }
}

variable "key_algorithm" {
  type        = string
  description = "The certificate's key."
  default     = "EC_prime256v1"
  nullable    = false

  validation {
    condition     = contains(["RSA_2048", "EC_prime256v1", "EC_secp384r1"], var.key_algorithm)
    error_message = "The key is `RSA_2048`, `EC_prime256v1` or `EC_secp384r1`."
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
