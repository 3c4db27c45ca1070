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

variable "database" {
  type        = string
  description = "The database made in the server. Another name is another server: the data goes."
  default     = "app"
  nullable    = false

  validation {
    condition     = can(regex("^[a-z_][a-z0-9_]{0,62}$", var.database))
    error_message = "The database is at most 63 lower-case letters, digits and underscores."
  }
}

variable "settings" {
  type        = map(string)
  description = "Settings of PostgreSQL beyond its defaults, as in postgresql.conf."
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key in keys(var.settings) : !contains(["port", "listen_addresses", "unix_socket_directories", "data_directory", "hba_file"], key)
    ])
    error_message = "Port, addresses, folders and access are the local cloud's to decide."
  }
}

variable "port" {
  type        = number
  description = "The loopback port of the server; a free one is leased if not set."
  default     = null

  validation {
    condition     = var.port == null || try(var.port >= 1024 && var.port <= 65535, false)
    error_message = "The port is from 1024 to 65535."
  }
}

variable "deletion_protection" {
  type        = bool
  description = "Refuse to destroy or replace the database until this is set to false and applied."
  default     = false
  nullable    = false
}

variable "restart" {
  type        = string
  description = "`never`: a server that ends is drift. `always`: it is started again at once."
  default     = "never"
  nullable    = false

  validation {
    condition     = contains(["never", "always"], var.restart)
    error_message = "Restart is `never` or `always`."
  }
}
