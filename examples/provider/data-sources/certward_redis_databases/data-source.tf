# A database that is managed elsewhere.
data "certward_redis_databases" "orders" {
  name = "orders"
}

output "orders_endpoint" {
  value = data.certward_redis_databases.orders.databases[0].endpoint
}
