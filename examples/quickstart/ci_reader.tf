# The CI pipeline may read orders, and nothing else. Delete this file and apply: its certificate is refused at once.
resource "certward_client_certificate" "ci_reader" {
  name            = "ci-reader"
  certificate_pem = file("${var.identities_directory}/ci-reader.crt")
  database_permissions = {
    Orders = "Read"
  }
}
