# By uid:
terraform import certward_cert_user.alice 7

# By name, or by e-mail address:
terraform import certward_cert_user.alice name:alice
terraform import certward_cert_user.alice email:alice@example.com
