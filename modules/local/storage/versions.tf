terraform {
  required_version = ">= 1.5"

  required_providers {
    localcloud = {
      source  = "trueup.local/trueup/localcloud"
      version = "~> 0.1"
    }
  }
}
