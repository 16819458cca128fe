import {
  to = certward_redis_acl.cache_reader
  id = "7" # the uid, or "name:cache reader"
}

resource "certward_redis_acl" "cache_reader" {
  name = "cache reader"
  acl  = "+@read -@dangerous ~cache:*"
}
