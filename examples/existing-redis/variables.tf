variable "endpoint" {
  type        = string
  description = "Where the server's Redis Enterprise API listens."
  default     = "https://127.0.0.1:9443"
}

variable "server_directory" {
  type        = string
  description = "What `certward-server setup` wrote: the administrator's certificate and key, and the server's CA."
}

variable "port" {
  type        = number
  description = "Where clients with certificates connect."
  default     = 16379
}

variable "client_ca_file" {
  type        = string
  description = "The CA that your clients' certificates come from, PEM."
}

variable "reporting_subject" {
  type        = string
  description = "The subject of the reporting service's certificate: openssl x509 -noout -subject -nameopt RFC2253 -in FILE."
}
