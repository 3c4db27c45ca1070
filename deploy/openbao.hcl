# The OpenBao server of docker-compose.yml: one node, TLS, unsealed by a key from a file.
api_addr     = "https://openbao:8200"
cluster_addr = "https://openbao:8201"
ui           = false

storage "raft" {
  path    = "/openbao/file"
  node_id = "openbao"

  performance_multiplier = 1 # one node elects itself in a second
}

listener "tcp" {
  address         = "0.0.0.0:8200"
  cluster_address = "0.0.0.0:8201"
  tls_cert_file   = "/run/secrets/openbao-certificate"
  tls_key_file    = "/run/secrets/openbao-key"
}

# Whoever has the key and the volume has the secrets. For real use: another seal, in another place.
seal "static" {
  current_key_id = "1"
  current_key    = "file:///run/secrets/openbao-seal-key"
}

# At the first start the server sets itself up; at later ones this is passed over. No root token is made.
initialize "trueup" {
  request "mount" {
    operation = "update"
    path      = "sys/mounts/kv"
    data      = { type = "kv", options = { version = "2" } }
  }
  request "policy" {
    operation = "update"
    path      = "sys/policies/acl/trueup-controller"
    data = {
      policy = <<-END
        path "kv/data/trueup/*" { capabilities = ["create", "read", "update", "delete"] }
        path "kv/metadata/trueup/*" { capabilities = ["create", "read", "update", "patch", "list", "delete"] }
        path "kv/detailed-metadata/trueup/*" { capabilities = ["read", "list", "scan"] }
        path "sys/storage/raft/snapshot" { capabilities = ["read", "update"] }
        path "sys/storage/raft/snapshot-force" { capabilities = ["update"] }
        path "auth/token/lookup-self" { capabilities = ["read"] }
        path "auth/token/renew-self" { capabilities = ["update"] }
        path "auth/token/revoke-self" { capabilities = ["update"] }
        path "auth/token/create/trueup-issue" { capabilities = ["update"] }
        path "auth/token/lookup-accessor" { capabilities = ["update"] }
        path "auth/token/revoke-accessor" { capabilities = ["update"] }
      END
    }
  }
  # What people may be given: docs/issuing.md. Engines that you mount get their lines here.
  request "issue-policy" {
    operation = "update"
    path      = "sys/policies/acl/trueup-issue"
    data = {
      policy = <<-END
        path "kv/data/trueup/*" { capabilities = ["read"] }
      END
    }
  }
  request "issue-role" {
    operation = "update"
    path      = "auth/token/roles/trueup-issue"
    data = {
      allowed_policies        = ["trueup-issue"]
      orphan                  = true
      renewable               = false
      token_type              = "service"
      token_no_default_policy = true
    }
  }
  request "login" {
    operation = "update"
    path      = "sys/auth/approle"
    data      = { type = "approle" }
  }
  request "role" {
    operation = "update"
    path      = "auth/approle/role/trueup-controller"
    data = {
      token_policies          = ["trueup-controller"]
      token_no_default_policy = true
      token_ttl               = "1h"
      token_max_ttl           = "24h"
    }
  }
  request "role-id" {
    operation = "update"
    path      = "auth/approle/role/trueup-controller/role-id"
    data      = { role_id = "trueup-controller" }
  }
  request "secret-id" {
    operation = "update"
    path      = "auth/approle/role/trueup-controller/custom-secret-id"
    data      = { secret_id = { eval_type = "string", eval_source = "file", path = "/run/secrets/openbao-secret-id" } }
  }
}
