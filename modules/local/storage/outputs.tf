output "path" {
  description = "The folder of the bucket: its interface."
  value       = localcloud_bucket.this.path
}

output "url" {
  description = "The folder of the bucket as `file://` address."
  value       = localcloud_bucket.this.url
}

output "name" {
  description = "What the bucket is called in the local cloud."
  value       = localcloud_bucket.this.name
}
