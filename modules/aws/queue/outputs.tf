output "url" {
  description = "Where messages are sent to and received from."
  value       = aws_sqs_queue.this.url
}

output "arn" {
  description = "Its ARN."
  value       = aws_sqs_queue.this.arn
}

output "name" {
  description = "What it is called."
  value       = aws_sqs_queue.this.name
}

output "dead_letter_url" {
  description = "Where messages end up that nobody could work on."
  value       = aws_sqs_queue.dead.url
}

output "dead_letter_arn" {
  description = "The ARN of the dead-letter queue."
  value       = aws_sqs_queue.dead.arn
}
