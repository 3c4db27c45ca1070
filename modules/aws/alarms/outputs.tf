output "topic_arn" {
  description = "Where alarms are told."
  value       = aws_sns_topic.this.arn
}

output "alarm_names" {
  description = "The alarms."
  value       = [for alarm in aws_cloudwatch_metric_alarm.this : alarm.alarm_name]
}

output "dashboard" {
  description = "The dashboard."
  value       = try(aws_cloudwatch_dashboard.this[0].dashboard_name, null)
}
