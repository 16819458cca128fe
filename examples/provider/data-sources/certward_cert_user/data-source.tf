# Whom does the cluster take the holder of this subject for?
data "certward_cert_user" "alice" {
  certificate_subject_line = "CN=alice, OU=operations, O=Example, C=US"
}

output "management_role_of_alice" {
  value = data.certward_cert_user.alice.role
}
