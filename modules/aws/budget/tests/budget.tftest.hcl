mock_provider "aws" {}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "budget"
  limit       = 500
  emails      = ["team@example.com"]
}

run "counts_its_own_and_tells_early" {
  command = plan

  assert {
    condition     = length(aws_budgets_budget.this.notification) == 2 && one(aws_budgets_budget.this.cost_filter).values[0] == "user:product$shop"
    error_message = "Of this product, told twice."
  }
}

run "needs_somebody_to_tell" {
  command = plan

  variables {
    emails = []
  }

  expect_failures = [aws_budgets_budget.this]
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    limit   = 0
    period  = "DAILY"
    warn_at = [{ percent = 80, of = "HOPED" }]
  }

  expect_failures = [var.limit, var.period, var.warn_at]
}
