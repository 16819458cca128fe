output "port" {
  description = "The port of the database."
  value       = certward_redis_database.orders.port
}

output "endpoint" {
  description = "Where clients of the database connect."
  value       = certward_redis_database.orders.endpoint
}
