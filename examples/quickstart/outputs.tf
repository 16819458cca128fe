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

output "redis_enterprise_users" {
  description = "The users that log in by certificate, and the subject each is known by."
  value = {
    for user in [certward_cert_user.dana, certward_cert_user.metrics] : user.name => user.certificate_subject_line
  }
}

output "redis_port" {
  description = "The port of the deliveries database."
  value       = certward_redis_database.deliveries.port
}
