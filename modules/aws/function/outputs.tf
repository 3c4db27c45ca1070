output "arn" {
  description = "The function's ARN."
  value       = aws_lambda_function.this.arn
}

output "name" {
  description = "What it is called."
  value       = aws_lambda_function.this.function_name
}

output "role_arn" {
  description = "The role that it runs as."
  value       = aws_iam_role.this.arn
}

output "log_group" {
  description = "Where it logs to."
  value       = aws_cloudwatch_log_group.this.name
}
