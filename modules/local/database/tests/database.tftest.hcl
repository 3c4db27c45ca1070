mock_provider "localcloud" {}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "db"
}

run "is_named_and_owned_by_its_place" {
  command = plan

  assert {
    condition     = localcloud_database.this.name == "shop-dev-db"
    error_message = "The name is product-environment-stack."
  }

  assert {
    condition     = localcloud_database.this.owner == "shop/dev/db"
    error_message = "The owner is product/environment/stack."
  }

  assert {
    condition     = output.database == "app"
    error_message = "The database is called app if nothing is said."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    database = "Shop"
    settings = { port = "5432" }
    restart  = "sometimes"
    port     = 80
  }

  expect_failures = [var.database, var.settings, var.restart, var.port]
}
