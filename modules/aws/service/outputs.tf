output "url" {
  description = "The address of the load balancer; the certificate is of your own domain."
  value       = "https://${aws_lb.this.dns_name}"
}

output "load_balancer_arn" {
  description = "The load balancer: what a firewall stands before."
  value       = aws_lb.this.arn
}

output "load_balancer_name" {
  description = "Its name in DNS: what a record points to."
  value       = aws_lb.this.dns_name
}

output "load_balancer_zone_id" {
  description = "Its zone, for an alias."
  value       = aws_lb.this.zone_id
}

output "cluster_arn" {
  description = "The cluster."
  value       = local.cluster_arn
}

output "service_name" {
  description = "What it is called in ECS."
  value       = aws_ecs_service.this.name
}

output "security_group_id" {
  description = "The security group of the tasks: whom a database lets in."
  value       = aws_security_group.tasks.id
}

output "task_role_arn" {
  description = "The role that the container runs as."
  value       = aws_iam_role.task.arn
}

output "log_group" {
  description = "Where it logs to."
  value       = aws_cloudwatch_log_group.this.name
}
