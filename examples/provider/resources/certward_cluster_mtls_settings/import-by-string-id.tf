import {
  to = certward_cluster_mtls_settings.cluster
  id = "cluster"
}

resource "certward_cluster_mtls_settings" "cluster" {
  certificate_authentication_enabled = true
  subject_validation_type            = "disabled"
  authorized_subjects                = []
  basic_authentication_enabled       = true
}
