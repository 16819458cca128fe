# Access to data only; which data, a database says by its ACLs.
resource "certward_redis_role" "data_only" {
  name       = "data only"
  management = "none"
}

# Looks after two databases.
resource "certward_redis_role" "order_databases" {
  name       = "order databases"
  management = "db_member"
  resources = [
    { type = "db", uids = ["1", "2"] },
  ]
}
