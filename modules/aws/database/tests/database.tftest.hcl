mock_provider "aws" {}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "db"
  vpc_id      = "vpc-0123456789abcdef0"
  subnet_ids  = ["subnet-1", "subnet-2"]
}

run "is_safe_by_default" {
  command = plan

  assert {
    condition = alltrue([
      aws_db_instance.this.storage_encrypted, aws_db_instance.this.deletion_protection,
      aws_db_instance.this.multi_az, aws_db_instance.this.manage_master_user_password,
      !aws_db_instance.this.publicly_accessible, !aws_db_instance.this.skip_final_snapshot,
    ])
    error_message = "Encrypted, protected, in two zones, without a password of ours, not public, with a last snapshot."
  }

  assert {
    condition     = one([for each in aws_db_parameter_group.this.parameter : each.value if each.name == "rds.force_ssl"]) == "1" && aws_db_parameter_group.this.family == "postgres16"
    error_message = "Clients without TLS are refused."
  }
}

run "of_mysql_too_and_nobody_turns_tls_off" {
  command = plan

  variables {
    engine         = "mysql"
    engine_version = "8.0"
    parameters     = { require_secure_transport = "0", max_connections = "50" }
  }

  assert {
    condition     = one([for each in aws_db_parameter_group.this.parameter : each.value if each.name == "require_secure_transport"]) == "1" && aws_db_parameter_group.this.family == "mysql8.0"
    error_message = "Clients without TLS are refused."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    engine      = "oracle"
    username    = "admin"
    subnet_ids  = ["subnet-1"]
    backup_days = 0
  }

  expect_failures = [var.engine, var.username, var.subnet_ids, var.backup_days]
}
