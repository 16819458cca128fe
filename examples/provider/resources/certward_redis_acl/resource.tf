# Reads a cache, and nothing else.
resource "certward_redis_acl" "cache_reader" {
  name = "cache reader"
  acl  = "+@read -@dangerous ~cache:*"
}

# Several rules are easier to read as a list.
resource "certward_redis_acl" "order_service" {
  name = "order service"
  acl = join(" ", [
    "+@read",
    "+@write",
    "-@dangerous",
    "~orders:*",
    "&order-events",
  ])
}
