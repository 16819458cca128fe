resource "certward_trusted_ca" "team" {
  certificate_pem = file("${path.module}/ca.crt")
}

# Let in certificates of the team's authority, but only these two subjects.
resource "certward_cluster_mtls_settings" "cluster" {
  certificate_authentication_enabled = true
  subject_validation_type            = "full_subject"
  authorized_subjects = [
    {
      common_name          = "alice"
      organization         = "Acme"
      organizational_units = ["Platform"]
      country              = "DE"
    },
    {
      common_name  = "deploy.example.com"
      organization = "Acme"
    },
  ]

  # Destroying puts back what was set before.
  on_destroy = "restore"

  # The cluster must trust an authority before it can ask for certificates.
  depends_on = [certward_trusted_ca.team]
}
