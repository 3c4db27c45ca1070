output "zone_id" {
  description = "The zone."
  value       = local.zone_id
}

output "name_servers" {
  description = "Whom the domain above has to name."
  value       = try(aws_route53_zone.this[0].name_servers, [])
}

output "certificate_arn" {
  description = "The certificate, once it is proved: what a load balancer wants."
  value       = try(aws_acm_certificate_validation.this[0].certificate_arn, null)
}

output "names" {
  description = "The full name of each record."
  value       = { for key, record in aws_route53_record.this : key => record.fqdn }
}
