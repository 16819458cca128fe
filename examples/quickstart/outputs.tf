output "logged_in_as" {
  description = "The certificate Terraform itself uses."
  value       = "${data.certward_whoami.terraform.name} (${data.certward_whoami.terraform.security_clearance})"
}

output "thumbprints" {
  description = "The registered certificates, by holder."
  value = {
    alice         = certward_client_certificate.alice.thumbprint
    order_service = certward_client_certificate.order_service.thumbprint
  }
}
