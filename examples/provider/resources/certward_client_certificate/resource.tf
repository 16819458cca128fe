# A service that writes one database and administers another.
resource "certward_client_certificate" "order_service" {
  name            = "order-service"
  certificate_pem = file("${path.module}/order-service.crt")

  database_permissions = {
    Orders = "ReadWrite"
    Stock  = "Admin"
  }

  # A renewed certificate is registered before the old one is removed.
  lifecycle {
    create_before_destroy = true
  }
}

# A person who administers the cluster.
resource "certward_client_certificate" "alice" {
  name                = "alice"
  certificate_pem     = file("${path.module}/alice.crt")
  security_clearance  = "ClusterAdmin"
  deletion_protection = true
}

# One entry for each file of a directory.
resource "certward_client_certificate" "operators" {
  for_each = fileset("${path.module}/operators", "*.crt")

  name               = trimsuffix(each.value, ".crt")
  certificate_pem    = file("${path.module}/operators/${each.value}")
  security_clearance = "Operator"
}
