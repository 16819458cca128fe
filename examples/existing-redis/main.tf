# Certificates for a Redis that is there already. The server's setting Certward.Redis.Upstream says where it is; what is
# said here is who may come in through the front and what they may do.

terraform {
  required_providers {
    certward = {
      source = "certward/certward"
    }
  }
}

provider "certward" {
  redis_enterprise = {
    endpoints = [var.endpoint]
  }
  client_certificate_file = "${var.server_directory}/admin.crt"
  client_private_key_file = "${var.server_directory}/admin.key"
  ca_certificate_file     = "${var.server_directory}/ca.crt"
}

# The name is what Certward.Redis.Upstream calls the Redis that is there. Its memory, eviction and persistence stay as they
# are configured there.
resource "certward_redis_database" "legacy" {
  name        = "legacy"
  memory_size = 0
  port        = var.port

  mtls = {
    tls_mode                       = "enabled"
    client_authentication_enforced = true
    client_certificates_pem        = [file(var.client_ca_file)]
  }
  default_user_enabled = false

  roles_permissions = [
    {
      role_id      = certward_redis_role.reporting.id
      redis_acl_id = certward_redis_acl.reporting.id
    },
  ]

  # Removing it here takes the front away, and leaves the Redis behind it and its data alone.
  deletion_protection = false
}

resource "certward_redis_role" "reporting" {
  name       = "reporting"
  management = "none"
}

resource "certward_redis_acl" "reporting" {
  name = "reporting"
  acl  = "+@read +@connection -@dangerous +acl|whoami ~*"
}

resource "certward_cert_user" "reporting" {
  name                     = "reporting"
  certificate_subject_line = var.reporting_subject
  role_ids                 = [certward_redis_role.reporting.id]
}
