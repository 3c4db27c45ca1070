output "url" {
  description = "The address of the service; it stays the same over updates."
  value       = localcloud_service.this.url
}

output "port" {
  description = "The loopback port of the address."
  value       = localcloud_service.this.port
}

output "name" {
  description = "What the service is called in the local cloud."
  value       = localcloud_service.this.name
}
