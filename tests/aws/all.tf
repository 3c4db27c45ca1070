# Every module for AWS but the cache, in one root: reading the provider is most of what a plan costs.
# `later` is the commit that changes something in each.
module "network" {
  source                  = "./parts/network"
  product                 = var.product
  environment             = var.environment
  stack                   = "network"
  cidr                    = "10.20.0.0/16"
  zone_count              = 2
  nat                     = "single"
  interface_endpoints     = ["logs"]
  flow_log_retention_days = var.later ? 30 : 90
}

# The listener wants one that there is.
resource "aws_acm_certificate" "api" {
  domain_name       = "api.example.com"
  validation_method = "DNS"
}

module "service" {
  source                   = "./parts/service"
  product                  = var.product
  environment              = var.environment
  stack                    = "api"
  vpc_id                   = module.network.vpc_id
  subnet_ids               = module.network.private_subnet_ids
  load_balancer_subnet_ids = module.network.public_subnet_ids
  certificate_arn          = aws_acm_certificate.api.arn
  image                    = "example/api:1"
  allowed_cidrs            = ["10.20.0.0/16"]
  deletion_protection      = false
  wait                     = false # moto starts no tasks
  max_tasks                = var.later ? 8 : 6
}

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
  # Terraform compares the types of rules whenever it sorts them, and they are huge.
  managed_rules = ["AWSManagedRulesCommonRuleSet"]
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

# Its provider waits a minute for each instance.
module "database" {
  source               = "./parts/database"
  product              = var.product
  environment          = var.environment
  stack                = "db"
  vpc_id               = module.network.vpc_id
  subnet_ids           = module.network.private_subnet_ids
  allowed_cidrs        = var.later ? ["10.0.0.0/17"] : ["10.0.0.0/16"]
  database             = "shop"
  deletion_protection  = false
  skip_final_snapshot  = true
  performance_insights = false # moto does not keep it
}

# Its provider waits 25 seconds for each change.
module "queue" {
  source      = "./parts/queue"
  product     = var.product
  environment = var.environment
  stack       = "orders"
  tries       = var.later ? 3 : 5
}
