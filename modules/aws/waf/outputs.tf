output "arn" {
  description = "The ACL's ARN: what a distribution wants."
  value       = aws_wafv2_web_acl.this.arn
}

output "name" {
  description = "What it is called."
  value       = aws_wafv2_web_acl.this.name
}

output "log_group" {
  description = "Where requests are logged."
  value       = try(aws_cloudwatch_log_group.this[0].name, null)
}
