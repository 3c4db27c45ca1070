output "host" {
  description = "The host of the server."
  value       = localcloud_database.this.host
}

output "port" {
  description = "The loopback port of the server; it stays the same over updates."
  value       = localcloud_database.this.port
}

output "url" {
  description = "The address of the database, without credentials."
  value       = localcloud_database.this.url
}

output "admin_dsn" {
  description = "libpq's words for the administrator's connection, over a socket that only this user may open."
  value       = localcloud_database.this.admin_dsn
}

output "database" {
  description = "The database made in the server."
  value       = localcloud_database.this.database
}

output "name" {
  description = "What the server is called in the local cloud."
  value       = localcloud_database.this.name
}
