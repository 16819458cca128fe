import {
  to = certward_trusted_ca.team
  id = "0F6DE8F5B37B4E0C0C9E1A4B4A64C8B1C2E0DF6F6C5B6B8F0C0D3F7A9B1E2D3C" # SHA-256 of the certificate
}

resource "certward_trusted_ca" "team" {
  certificate_pem = file("${path.module}/ca.crt")
}
