data "certward_whoami" "terraform" {}

# Stop early when the provider's own certificate is not what it should be.
check "login" {
  assert {
    condition     = data.certward_whoami.terraform.security_clearance == "ClusterAdmin"
    error_message = "Terraform logs in as ${coalesce(data.certward_whoami.terraform.name, "nobody")}."
  }
}
