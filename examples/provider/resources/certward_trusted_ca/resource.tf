# The authority that issues the team's client certificates.
resource "certward_trusted_ca" "team" {
  name            = "Team CA"
  certificate_pem = file("${path.module}/ca.crt")

  # A renewed authority is trusted before the old one goes.
  lifecycle {
    create_before_destroy = true
  }
}

# Certificates of it may log in once the cluster asks for them, and a user has their subject.
resource "certward_cluster_mtls_settings" "cluster" {
  certificate_authentication_enabled = true

  # Destroying switches it off again: while it is on, the cluster keeps its last authority.
  on_destroy = "restore"

  depends_on = [certward_trusted_ca.team]
}
