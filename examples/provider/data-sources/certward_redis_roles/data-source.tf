# A role that came with the cluster.
data "certward_redis_roles" "viewers" {
  management = "db_viewer"
}

resource "certward_cert_user" "auditor" {
  name                     = "auditor"
  certificate_subject_line = "CN=auditor,O=Example,C=US"
  role_ids                 = [for role in data.certward_redis_roles.viewers.roles : role.id]
}
