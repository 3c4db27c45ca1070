output "name" {
  description = "The bucket."
  value       = aws_s3_bucket.this.bucket
}

output "arn" {
  description = "Its ARN."
  value       = aws_s3_bucket.this.arn
}

output "domain" {
  description = "Its name in DNS, in its region."
  value       = aws_s3_bucket.this.bucket_regional_domain_name
}
