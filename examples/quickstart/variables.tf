variable "endpoint" {
  type        = string
  description = "Where the server listens."
  default     = "https://127.0.0.1:8443"
}

variable "server_directory" {
  type        = string
  description = "What `certward-server setup` wrote: the first administrator's certificate and key, and the CA."
}

variable "identities_directory" {
  type        = string
  description = "The public certificates of the team, one NAME.crt each."
}
