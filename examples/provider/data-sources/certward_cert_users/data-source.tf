# Who administers the cluster by certificate?
data "certward_cert_users" "administrators" {
  role = "admin"
}

output "administrators" {
  value = { for user in data.certward_cert_users.administrators.users : user.name => user.certificate_subject_line }
}
