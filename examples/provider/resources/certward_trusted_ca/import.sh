# By SHA-256 fingerprint, in upper or lower case, with or without colons:
terraform import certward_trusted_ca.team "$(openssl x509 -in ca.crt -noout -fingerprint -sha256 | cut -d= -f2)"
