# The same team on Redis Enterprise, where people and services log in by certificates of a CA of the team's own.

resource "certward_trusted_ca" "team" {
  certificate_pem = file("${var.identities_directory}/team-ca.crt")
}

# Which certificates of that CA are let in at all: with `full_subject` these whole subjects, with `san_cn` whoever has one of
# these common names as its own or as a DNS name.
resource "certward_cluster_mtls_settings" "this" {
  certificate_authentication_enabled = true
  subject_validation_type            = var.subject_validation_type
  authorized_subjects = [
    {
      common_name          = "dana"
      organizational_units = ["Platform"]
      organization         = "Example Team"
      country              = "US"
    },
    { common_name = "metrics.example.com" },
  ]
  on_destroy = "restore"

  depends_on = [certward_trusted_ca.team]
}

# Who they are once they are in, and what they may do.
resource "certward_redis_role" "observers" {
  name       = "observers"
  management = "cluster_viewer"
}

resource "certward_cert_user" "dana" {
  name            = "dana"
  certificate_pem = file("${var.identities_directory}/dana.crt")
  role_ids        = [certward_redis_role.observers.id]
}

resource "certward_cert_user" "metrics" {
  name                     = "metrics"
  certificate_subject_line = "CN=collector-1,OU=Services,O=Example Team,C=US"
  role_ids                 = [certward_redis_role.observers.id]
}
