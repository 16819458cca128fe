variable "endpoint" {
  type        = string
  description = "Where the server's RavenDB API listens."
  default     = "https://127.0.0.1:8443"
}

variable "redis_enterprise_endpoint" {
  type        = string
  description = "Where the server's Redis Enterprise API listens."
  default     = "https://127.0.0.1:9443"
}

variable "server_directory" {
  type        = string
  description = "What `certward-server setup` wrote: the first administrator's certificate and key, and the CA."
}

variable "identities_directory" {
  type        = string
  description = "The public certificates of the team, one NAME.crt each."
}

variable "subject_validation_type" {
  type        = string
  description = "How Redis Enterprise looks at the subjects of the team's certificates: `full_subject` or `san_cn`."
  default     = "full_subject"
}
