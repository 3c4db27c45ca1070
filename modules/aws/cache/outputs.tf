output "address" {
  description = "The host name to write to; clients need TLS."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "reader_address" {
  description = "The host name to read from."
  value       = aws_elasticache_replication_group.this.reader_endpoint_address
}

output "port" {
  description = "Its port."
  value       = 6379
}

output "id" {
  description = "What it is called in ElastiCache."
  value       = aws_elasticache_replication_group.this.id
}

output "security_group_id" {
  description = "The security group in front of it."
  value       = aws_security_group.this.id
}
