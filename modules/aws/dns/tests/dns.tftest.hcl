mock_provider "aws" {
  mock_resource "aws_acm_certificate" {
    defaults = {
      arn = "arn:aws:acm:us-east-1:123456789012:certificate/1"
      domain_validation_options = [{
        domain_name           = "shop.example.com"
        resource_record_name  = "_x.shop.example.com"
        resource_record_type  = "CNAME"
        resource_record_value = "_y.acm-validations.aws"
      }]
    }
  }
}

variables {
  product     = "shop"
  environment = "dev"
  stack       = "domain"
  domain      = "shop.example.com"
}

run "proves_its_certificate" {
  variables {
    alternative_names = ["*.shop.example.com"]
    records           = { www = { name = "www", type = "CNAME", values = ["shop.example.com"] } }
  }

  assert {
    condition     = keys(aws_route53_record.proof) == ["shop.example.com"] && aws_route53_record.proof["shop.example.com"].name == "_x.shop.example.com"
    error_message = "A name and its wildcard have one proof."
  }

  assert {
    condition     = aws_route53_record.this["www"].name == "www.shop.example.com" && !aws_route53_zone.this[0].force_destroy
    error_message = "Records are below the domain."
  }
}

run "refuses_what_is_wrong" {
  command = plan

  variables {
    domain            = "Shop"
    alternative_names = ["**.example.com"]
    records           = { both = { name = "x", type = "A", values = ["10.0.0.1"], alias = { name = "lb", zone_id = "Z" } } }
    key_algorithm     = "RSA_1024"
  }

  expect_failures = [var.domain, var.alternative_names, var.records, var.key_algorithm]
}
