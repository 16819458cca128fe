# The first runs log in by password; the password comes from the environment:
# CERTWARD_REDIS_ENTERPRISE_PASSWORD. When the cluster takes certificates, omit
# username and set client_certificate_file and client_private_key_file.
provider "certward" {
  redis_enterprise = {
    endpoints = ["https://cluster.example.com:9443"]
    username  = "admin@example.com"
  }
  ca_certificate_file = "cluster-ca.crt"
}
