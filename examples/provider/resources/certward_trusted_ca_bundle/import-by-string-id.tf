import {
  to = certward_trusted_ca_bundle.clients
  id = "bundle"
}

resource "certward_trusted_ca_bundle" "clients" {
  certificates_pem = [file("${path.module}/ca.crt")]
}
