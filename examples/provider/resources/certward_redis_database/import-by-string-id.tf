import {
  to = certward_redis_database.orders
  id = "3" # the uid, or "name:orders"
}

resource "certward_redis_database" "orders" {
  name        = "orders"
  memory_size = 512 * 1024 * 1024
}
