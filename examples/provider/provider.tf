terraform {
  required_providers {
    certward = {
      source = "certward/certward"
    }
  }
}

provider "certward" {
  ravendb = {
    endpoints = ["https://a.example.com:443", "https://b.example.com:443"]
  }
  client_certificate_file = "admin.crt"
  client_private_key_file = "admin.key"
  ca_certificate_file     = "ca.crt" # omit when a public authority issued the server certificates
}

resource "certward_client_certificate" "app" {
  name            = "app"
  certificate_pem = file("app.crt")
  database_permissions = {
    Orders = "ReadWrite"
  }
}

output "thumbprint" {
  value = certward_client_certificate.app.thumbprint
}
