variable "endpoint" {
  type        = string
  description = "Where Redis Enterprise's API listens."
  default     = "https://127.0.0.1:9443"
}

variable "server_directory" {
  type        = string
  description = "What `certward-server setup` wrote: the administrator's certificate and key, and the server's CA."
}
