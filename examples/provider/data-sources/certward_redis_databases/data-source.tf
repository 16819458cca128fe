# A database that is managed elsewhere.
data "certward_redis_databases" "orders" {
  name = "orders"
}

output "orders_endpoint" {
  value = one(data.certward_redis_databases.orders.databases[*].endpoint)
}
