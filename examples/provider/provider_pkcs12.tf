# The .pfx file that RavenDB's Studio hands out (unpack the zip file first).
# The password comes from the environment: CERTWARD_PKCS12_PASSWORD.
provider "certward" {
  ravendb = {
    endpoints = ["https://a.example.com:443"]
  }
  pkcs12_file = "admin.pfx"
}
