resource "certward_redis_role" "order_service" {
  name       = "order service"
  management = "none"
}

resource "certward_redis_acl" "orders" {
  name = "orders"
  acl  = "+@read +@write ~order:*"
}

# Who shows the certificate of this subject is the user order-service, in every database that knows its role.
resource "certward_cert_user" "order_service" {
  name                     = "order-service"
  certificate_subject_line = "CN=order-service,O=Example,C=US"
  role_ids                 = [certward_redis_role.order_service.id]
}

resource "certward_redis_database" "orders" {
  name             = "orders"
  memory_size      = 512 * 1024 * 1024
  data_persistence = "aof"

  mtls = {
    tls_mode                       = "enabled"
    client_authentication_enforced = true
    client_certificates_pem        = [file("${path.module}/ca.crt")]
  }
  default_user_enabled = false

  roles_permissions = [
    {
      role_id      = certward_redis_role.order_service.id
      redis_acl_id = certward_redis_acl.orders.id
    },
  ]
}

# Clients without a certificate come in as Redis's user `default`, by a password that is in no state.
variable "cache_password" {
  type      = string
  ephemeral = true
}

resource "certward_redis_database" "cache" {
  name            = "cache"
  memory_size     = 256 * 1024 * 1024
  eviction_policy = "allkeys-lru"

  mtls = {
    tls_mode                       = "enabled"
    client_authentication_enforced = false
  }
  default_user_password_wo         = var.cache_password
  default_user_password_wo_version = 1

  deletion_protection = false
}
