# By uid:
terraform import certward_redis_database.orders 3

# By name:
terraform import certward_redis_database.orders "name:orders"
