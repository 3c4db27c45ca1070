output "name" {
  description = "What it is called."
  value       = aws_budgets_budget.this.name
}

output "arn" {
  description = "Its ARN."
  value       = aws_budgets_budget.this.arn
}
