import {
  to = certward_client_certificate.app
  id = "14C1FAC41D1733B2BB8C6FD138FD601943D3B7D0" # or "name:app"
}

resource "certward_client_certificate" "app" {
  name            = "app"
  certificate_pem = file("${path.module}/app.crt")
}
