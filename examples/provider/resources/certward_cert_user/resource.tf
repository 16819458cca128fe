# A service, by the subject of its certificates.
resource "certward_cert_user" "billing" {
  name = "billing"
  certificate_subject = {
    common_name          = "billing.example.com"
    organizational_units = ["payments"]
    organization         = "Example"
    country              = "US"
  }
  role_ids = [certward_redis_role.data_only.id]
}

resource "certward_redis_role" "data_only" {
  name       = "data only"
  management = "none"
}

# A person, by the subject line that openssl prints.
resource "certward_cert_user" "alice" {
  name                     = "alice"
  email                    = "alice@example.com"
  certificate_subject_line = "CN=alice,OU=operations,O=Example,C=US"
  role                     = "admin"
  deletion_protection      = true
}

# One user for each certificate of a directory.
resource "certward_cert_user" "services" {
  for_each = fileset("${path.module}/services", "*.crt")

  name            = trimsuffix(each.value, ".crt")
  certificate_pem = file("${path.module}/services/${each.value}")
  role_ids        = [certward_redis_role.data_only.id]
}
