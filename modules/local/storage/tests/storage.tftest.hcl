mock_provider "localcloud" {}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "files"
}

run "is_named_and_owned_by_its_place" {
  command = plan

  assert {
    condition     = localcloud_bucket.this.name == "shop-dev-files"
    error_message = "The name is product-environment-stack."
  }

  assert {
    condition     = localcloud_bucket.this.owner == "shop/dev/files"
    error_message = "The owner is product/environment/stack."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    name     = "-files"
    quota_mb = 0
  }

  expect_failures = [var.name, var.quota_mb]
}
