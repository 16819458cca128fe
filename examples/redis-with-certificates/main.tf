# A Redis database that takes certificates in the place of passwords: whose they must be, who their holders are, and what
# each may do.

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

# The database. Its clients' certificates come from the team's CA, and nobody comes in without one.
resource "certward_redis_database" "orders" {
  name             = "orders"
  memory_size      = 256 * 1024 * 1024
  data_persistence = "aof"

  mtls = {
    tls_mode                       = "enabled"
    client_authentication_enforced = true
    client_certificates_pem        = [file("${path.module}/certificates/team-ca.crt")]
  }
  default_user_enabled = false

  # Which role may do what here.
  roles_permissions = [
    {
      role_id      = certward_redis_role.services.id
      redis_acl_id = certward_redis_acl.orders.id
    },
    {
      role_id      = certward_redis_role.auditors.id
      redis_acl_id = certward_redis_acl.read_only.id
    },
  ]

  # An example is thrown away. Leave this out for a database that matters: it is protected then.
  deletion_protection = false
}

# Roles that manage nothing of the cluster itself.
resource "certward_redis_role" "services" {
  name       = "order services"
  management = "none"
}

resource "certward_redis_role" "auditors" {
  name       = "order auditors"
  management = "none"
}

# Commands and keys.
resource "certward_redis_acl" "orders" {
  name = "orders"
  acl  = "+@read +@write +@connection -@dangerous +acl|whoami ~order:*"
}

resource "certward_redis_acl" "read_only" {
  name = "orders read only"
  acl  = "+@read +@connection -@dangerous +acl|whoami ~*"
}

# Who the holders of certificates are: whoever shows a certificate of this subject. Redis says the name: ACL WHOAMI.
resource "certward_cert_user" "order_service" {
  name                     = "order-service"
  certificate_subject_line = "CN=order-service,OU=Services,O=Example Team,C=US"
  role_ids                 = [certward_redis_role.services.id]
}

# Or from the certificate itself.
resource "certward_cert_user" "auditor" {
  name            = "auditor"
  certificate_pem = file("${path.module}/certificates/auditor.crt")
  role_ids        = [certward_redis_role.auditors.id]
}
