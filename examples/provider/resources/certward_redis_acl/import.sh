# By uid:
terraform import certward_redis_acl.cache_reader 7

# By name:
terraform import certward_redis_acl.cache_reader "name:cache reader"
