output "arn" {
  description = "Its ARN: what a service's `secrets` name."
  value       = aws_secretsmanager_secret.this.arn
}

output "name" {
  description = "What it is called."
  value       = aws_secretsmanager_secret.this.name
}
