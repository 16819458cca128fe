# What ends within 30 days.
data "certward_client_certificates" "ending" {
  expiring_within = "720h"
}

output "ending" {
  value = {
    for entry in data.certward_client_certificates.ending.certificates : entry.name => entry.not_after
  }
}
