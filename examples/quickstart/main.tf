# The certificates of a small team, as code: who may use RavenDB. `redis_enterprise.tf` says who may use Redis Enterprise.
#
# The keys are made by the people and services that use them; only their public certificates come here.

terraform {
  required_providers {
    certward = {
      source = "certward/certward"
    }
  }
}

provider "certward" {
  ravendb = {
    endpoints = [var.endpoint]
  }
  redis_enterprise = {
    endpoints = [var.redis_enterprise_endpoint]
  }
  client_certificate_file = "${var.server_directory}/admin.crt"
  client_private_key_file = "${var.server_directory}/admin.key"
  ca_certificate_file     = "${var.server_directory}/ca.crt"
}

data "certward_whoami" "terraform" {}

# Alice administers the cluster.
resource "certward_client_certificate" "alice" {
  name               = "alice"
  certificate_pem    = file("${var.identities_directory}/alice.crt")
  security_clearance = "ClusterAdmin"
}

# The order service writes its own database and reads its neighbour's.
resource "certward_client_certificate" "order_service" {
  name            = "order-service"
  certificate_pem = file("${var.identities_directory}/order-service.crt")
  database_permissions = {
    Orders    = "ReadWrite"
    Customers = "Read"
  }
}
