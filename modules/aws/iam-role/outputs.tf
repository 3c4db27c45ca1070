output "arn" {
  description = "The role's ARN."
  value       = aws_iam_role.this.arn
}

output "name" {
  description = "What it is called."
  value       = aws_iam_role.this.name
}

output "policy_arn" {
  description = "The policy of its own statements."
  value       = try(aws_iam_policy.this[0].arn, null)
}

output "instance_profile" {
  description = "What machines are given."
  value       = try(aws_iam_instance_profile.this[0].name, null)
}
