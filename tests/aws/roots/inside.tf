# Modules that stand in a network, and the network.
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
