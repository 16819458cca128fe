# By thumbprint, in upper or lower case, with or without colons:
terraform import certward_client_certificate.app 14C1FAC41D1733B2BB8C6FD138FD601943D3B7D0

# By name, if only one entry has it:
terraform import certward_client_certificate.app name:app
