import {
  to = certward_cert_user.alice
  id = "7" # the uid, or "name:alice", or "email:alice@example.com"
}

resource "certward_cert_user" "alice" {
  name                     = "alice"
  email                    = "alice@example.com"
  certificate_subject_line = "CN=alice,OU=operations,O=Example,C=US"
  role                     = "admin"
}
