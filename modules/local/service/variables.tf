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

variable "command" {
  type        = list(string)
  description = "Program and arguments. `python` is the Python that runs the local cloud."

  validation {
    condition     = length(var.command) > 0
    error_message = "The command needs at least the program."
  }
}

variable "directory" {
  type        = string
  description = "The absolute path of the folder that it runs in; an own folder if empty."
  default     = ""
  nullable    = false

  validation {
    condition     = var.directory == "" || startswith(var.directory, "/")
    error_message = "The directory is an absolute path."
  }
}

variable "env" {
  type        = map(string)
  description = "Environment variables. PORT, HOST and REPLICA are set for each replica."
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for key in keys(var.env) : can(regex("^[A-Za-z_][A-Za-z0-9_]*$", key))])
    error_message = "The name of a variable is letters, digits and underscores."
  }
}

variable "replicas" {
  type        = number
  description = "How many processes serve; 0 keeps the address and serves nothing."
  default     = 1
  nullable    = false

  validation {
    condition     = var.replicas >= 0 && var.replicas <= 64 && floor(var.replicas) == var.replicas
    error_message = "The number of replicas is a whole number from 0 to 64."
  }
}

variable "port" {
  type        = number
  description = "The loopback port of its address; a free one is leased if not set."
  default     = null

  validation {
    condition     = var.port == null || try(var.port >= 1024 && var.port <= 65535, false)
    error_message = "The port is from 1024 to 65535."
  }
}

variable "health_path" {
  type        = string
  description = "GET of this path must be answered well before a replica serves; empty: an open port is enough."
  default     = "/"
  nullable    = false

  validation {
    condition     = var.health_path == "" || startswith(var.health_path, "/")
    error_message = "The health path begins with a slash."
  }
}

variable "health_interval_ms" {
  type        = number
  description = "How often a serving replica is asked whether it is healthy."
  default     = 1000
  nullable    = false

  validation {
    condition     = var.health_interval_ms >= 50 && var.health_interval_ms <= 60000
    error_message = "The interval is from 50 to 60000 milliseconds."
  }
}

variable "health_timeout_s" {
  type        = number
  description = "How many seconds a new replica may take to get healthy."
  default     = 30
  nullable    = false

  validation {
    condition     = var.health_timeout_s >= 1 && var.health_timeout_s <= 600
    error_message = "The timeout is from 1 to 600 seconds."
  }
}

variable "restart" {
  type        = string
  description = "`never`: a replica that ends is drift. `always`: it is started again at once."
  default     = "never"
  nullable    = false

  validation {
    condition     = contains(["never", "always"], var.restart)
    error_message = "Restart is `never` or `always`."
  }
}

variable "stop_grace_s" {
  type        = number
  description = "How many seconds open connections, and then the process, get to end."
  default     = 5
  nullable    = false

  validation {
    condition     = var.stop_grace_s >= 0 && var.stop_grace_s <= 600
    error_message = "The grace is from 0 to 600 seconds."
  }
}
