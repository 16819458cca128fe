# The courier service, in the deliveries database by its certificate. Delete this file and apply: its open connections end.
resource "certward_cert_user" "courier" {
  name            = "courier"
  certificate_pem = file("${var.identities_directory}/courier.crt")
  role_ids        = [certward_redis_role.couriers.id]
}
