output "address" {
  description = "Its host name."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Its port."
  value       = local.port
}

output "database" {
  description = "The database that was made in it."
  value       = aws_db_instance.this.db_name
}

output "identifier" {
  description = "What it is called in RDS."
  value       = aws_db_instance.this.identifier
}

output "arn" {
  description = "Its ARN."
  value       = aws_db_instance.this.arn
}

output "security_group_id" {
  description = "The security group in front of it."
  value       = aws_security_group.this.id
}

output "password_secret_arn" {
  description = "The secret in Secrets Manager that holds the administrator's password."
  value       = try(aws_db_instance.this.master_user_secret[0].secret_arn, null)
}
