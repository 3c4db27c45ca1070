mock_provider "aws" {}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "cache"
  vpc_id      = "vpc-0123456789abcdef0"
  subnet_ids  = ["subnet-1", "subnet-2"]
}

run "is_encrypted_and_fails_over" {
  command = plan

  assert {
    condition = alltrue([
      aws_elasticache_replication_group.this.at_rest_encryption_enabled == "true" || tobool(aws_elasticache_replication_group.this.at_rest_encryption_enabled),
      aws_elasticache_replication_group.this.transit_encryption_enabled,
      aws_elasticache_replication_group.this.automatic_failover_enabled,
    ])
    error_message = "Encrypted at rest and on the way, with failover."
  }

  assert {
    condition     = length(aws_elasticache_parameter_group.this) == 0
    error_message = "AWS's own parameters, as long as none is set."
  }
}

run "has_parameters_of_its_own" {
  command = plan

  variables {
    parameters = { maxmemory-policy = "allkeys-lru" }
  }

  assert {
    condition     = aws_elasticache_parameter_group.this[0].family == "valkey8" && aws_elasticache_parameter_group.this[0].name == "shop-dev-cache-valkey8"
    error_message = "The family follows the version."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    engine    = "memcached"
    nodes     = 0
    node_type = "m5.large"
    vpc_id    = "mine"
  }

  expect_failures = [var.engine, var.nodes, var.node_type, var.vpc_id]
}
