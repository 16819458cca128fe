data "certward_trusted_cas" "clients" {}

# When each authority of the Redis Enterprise cluster ends.
output "authorities" {
  value = {
    for authority in data.certward_trusted_cas.clients.certificates : authority.subject_dn => authority.not_after
  }
}
