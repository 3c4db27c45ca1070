mock_provider "localcloud" {}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "api"
  command     = ["python", "-m", "shop.api"]
}

run "is_named_and_owned_by_its_place" {
  command = plan

  assert {
    condition     = localcloud_service.this.name == "shop-dev-api"
    error_message = "The name is product-environment-stack."
  }

  assert {
    condition     = localcloud_service.this.owner == "shop/dev/api"
    error_message = "The owner is product/environment/stack."
  }

  assert {
    condition     = localcloud_service.this.health.path == "/" && localcloud_service.this.replicas == 1
    error_message = "The defaults are one replica, healthy at /."
  }
}

run "takes_another_name" {
  command = plan

  variables {
    name = "front"
  }

  assert {
    condition     = output.name == "front"
    error_message = "A name that is set is used."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    product     = "Shop"
    command     = []
    replicas    = 1.5
    restart     = "sometimes"
    health_path = "health"
    env         = { "NOT-A-NAME" = "x" }
    port        = 80
  }

  expect_failures = [
    var.product, var.command, var.replicas, var.restart, var.health_path, var.env, var.port,
  ]
}
