locals {
  zone_id = var.zone_id != null ? var.zone_id : aws_route53_zone.this[0].zone_id
  names   = distinct(concat([var.domain], var.alternative_names))
  # A wildcard is proved by the same record as the name below it.
  proofs = toset([for name in local.names : trimprefix(name, "*.")])
  options = {
    for name, found in {
      for option in try(aws_acm_certificate.this[0].domain_validation_options, []) :
      trimprefix(option.domain_name, "*.") => option...
    } : name => found[0]
  }
}

resource "aws_route53_zone" "this" {
  count = var.zone_id == null ? 1 : 0

  name          = var.domain
  comment       = "${var.product} ${var.environment} ${var.stack}"
  force_destroy = false
  tags          = var.tags

  dynamic "vpc" {
    for_each = toset(var.private_vpc_ids)

    content {
      vpc_id = vpc.value
    }
  }
}

resource "aws_route53_record" "this" {
  for_each = var.records

  zone_id = local.zone_id
  name    = each.value.name == "" ? var.domain : "${each.value.name}.${var.domain}"
  type    = each.value.type
  ttl     = each.value.alias == null ? each.value.ttl : null
  records = each.value.alias == null ? each.value.values : null

  dynamic "alias" {
    for_each = each.value.alias == null ? [] : [each.value.alias]

    content {
      name                   = alias.value.name
      zone_id                = alias.value.zone_id
      evaluate_target_health = true
    }
  }
}

resource "aws_acm_certificate" "this" {
  count = var.certificate ? 1 : 0

  domain_name               = var.domain
  subject_alternative_names = [for name in local.names : name if name != var.domain]
  validation_method         = "DNS"
  key_algorithm             = var.key_algorithm
  tags                      = var.tags

  options {
    certificate_transparency_logging_preference = "ENABLED"
  }

  lifecycle {
    # The old one serves until listeners have the new one.
    create_before_destroy = true

    precondition {
      condition     = length(var.private_vpc_ids) == 0
      error_message = "A certificate is proved in public DNS: a private zone gets none (`certificate: false`)."
    }
  }
}

# Keys are names that are known before the certificate is: those of its options are not.
resource "aws_route53_record" "proof" {
  for_each = var.certificate ? local.proofs : []

  zone_id         = local.zone_id
  name            = local.options[each.key].resource_record_name
  type            = local.options[each.key].resource_record_type
  records         = [local.options[each.key].resource_record_value]
  ttl             = 300
  allow_overwrite = true
}

resource "aws_acm_certificate_validation" "this" {
  count = var.certificate ? 1 : 0

  certificate_arn         = aws_acm_certificate.this[0].arn
  validation_record_fqdns = [for record in aws_route53_record.proof : record.fqdn]
}
