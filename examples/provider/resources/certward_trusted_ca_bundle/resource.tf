# Whoever is not in this list is not trusted.
resource "certward_trusted_ca_bundle" "clients" {
  certificates_pem = [
    file("${path.module}/ca.crt"),
    file("${path.module}/partner-ca.crt"),
  ]

  # Destroying the resource ends the trust. The default, "keep", leaves it.
  on_destroy = "remove"
}
