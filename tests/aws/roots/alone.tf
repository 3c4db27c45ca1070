# Modules that need no network. `later` is the commit that changes something in each.
module "bucket" {
  source               = "./parts/bucket"
  product              = var.product
  environment          = var.environment
  stack                = "bucket"
  versioning           = !var.later
  destroy_with_objects = true
}

module "secret" {
  source        = "./parts/secret"
  product       = var.product
  environment   = var.environment
  stack         = "secret"
  recovery_days = 0 # the same name again in the next test
  description   = var.later ? "later" : "first"
}

module "role" {
  source            = "./parts/iam-role"
  product           = var.product
  environment       = var.environment
  stack             = "role"
  trusted_services  = ["ecs-tasks.amazonaws.com"]
  statements        = [{ actions = ["s3:GetObject"], resources = ["${module.bucket.arn}/*"] }]
  longest_session_s = var.later ? 7200 : 3600
}

module "dns" {
  source            = "./parts/dns"
  product           = var.product
  environment       = var.environment
  stack             = "dns"
  domain            = "shop.example.com"
  alternative_names = ["*.shop.example.com"]
  key_algorithm     = "RSA_2048" # moto knows no other
  records = {
    mail = { name = "", type = "MX", values = ["10 mail.example.com"], ttl = var.later ? 60 : 300 }
  }
}

module "waf" {
  source        = "./parts/waf"
  product       = var.product
  environment   = var.environment
  stack         = "waf"
  blocked_cidrs = ["192.0.2.0/24"]
  most_requests = var.later ? 500 : 2000
}

module "function" {
  source      = "./parts/function"
  product     = var.product
  environment = var.environment
  stack       = "mailer"
  code        = { bucket = "releases", key = "mailer.zip" }
  memory_mib  = var.later ? 512 : 256
}

module "alarms" {
  source      = "./parts/alarms"
  product     = var.product
  environment = var.environment
  stack       = "alarms"
  receivers   = { team = { protocol = "email", endpoint = "team@example.com" } }
  alarms = {
    errors = {
      description = "Calls that fail"
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = { FunctionName = module.function.name }
      threshold   = var.later ? 5 : 1
    }
  }
}

module "budget" {
  source      = "./parts/budget"
  product     = var.product
  environment = var.environment
  stack       = "budget"
  emails      = ["team@example.com"]
  limit       = var.later ? 200 : 100
}
