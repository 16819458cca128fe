data "certward_cluster" "redis" {}

# Say so when somebody switches passwords on again.
check "passwords" {
  assert {
    condition     = !data.certward_cluster.redis.basic_authentication_enabled
    error_message = "${data.certward_cluster.redis.name} takes passwords."
  }
}
