mock_provider "aws" {
  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }
}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "receipts"
}

run "is_private_by_default" {
  assert {
    condition     = aws_s3_bucket.this.bucket == "shop-dev-receipts" && !aws_s3_bucket.this.force_destroy
    error_message = "Named by its place; objects are not deleted with it."
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "Public access is blocked."
  }

  assert {
    condition     = strcontains(aws_s3_bucket_policy.this.policy, "aws:SecureTransport") && !strcontains(aws_s3_bucket_policy.this.policy, "Allow")
    error_message = "The policy refuses what is not TLS and allows nothing."
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    error_message = "Versions are kept."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    name                   = "No_Bucket"
    keep_old_versions_days = 0
    reader_arns            = ["*"]
    kms_key_arn            = "alias/key"
    tags                   = { "aws:mine" = "x" }
  }

  expect_failures = [
    var.name, var.keep_old_versions_days, var.reader_arns, var.kms_key_arn, var.tags,
  ]
}
