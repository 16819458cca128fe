import {
  to = certward_redis_role.data_only
  id = "7" # the uid, or "name:data only"
}

resource "certward_redis_role" "data_only" {
  name       = "data only"
  management = "none"
}
