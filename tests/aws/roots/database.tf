# RDS alone: its provider waits a minute for each instance.
module "network" {
  source      = "./parts/network"
  product     = var.product
  environment = var.environment
  stack       = "data"
  zone_count  = 2
  flow_logs   = false
}

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
