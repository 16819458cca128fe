# By uid:
terraform import certward_redis_role.data_only 7

# By name:
terraform import certward_redis_role.data_only "name:data only"
