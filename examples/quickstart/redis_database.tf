# A Redis database whose clients come with certificates of the team's CA and no password.

resource "certward_redis_database" "deliveries" {
  name        = "deliveries"
  memory_size = 64 * 1024 * 1024

  mtls = {
    tls_mode                       = "enabled"
    client_authentication_enforced = true
    client_certificates_pem        = [file("${var.identities_directory}/team-ca.crt")]
  }
  default_user_enabled = false

  roles_permissions = [
    {
      role_id      = certward_redis_role.couriers.id
      redis_acl_id = certward_redis_acl.deliveries.id
    },
  ]

  # The quickstart's data is thrown away; without this a database is protected.
  deletion_protection = false
}

resource "certward_redis_role" "couriers" {
  name       = "couriers"
  management = "none"
}

# The keys and the channel of deliveries, and no dangerous commands.
resource "certward_redis_acl" "deliveries" {
  name = "deliveries"
  acl  = "+@read +@write +@connection +subscribe -@dangerous +acl|whoami ~delivery:* &deliveries"
}
