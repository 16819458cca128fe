//! The schema: the attributes that users can set and read.

use tf_provider::schema::{AttributeType, Schema};

use crate::values::schema::{computed, defaulted, map_of_strings, required, schema};

/// The schema of `certward_client_certificate`.
pub(crate) fn client_certificate() -> Schema {
    use AttributeType::{Bool, String};
    schema(
        "A client certificate registered on RavenDB: whoever holds its private key logs in with it. Only the public \
         certificate comes here; the private key stays with the program that uses it and never reaches Terraform.\n\n\
         An entry that is there already and equal is taken over, with a warning, and one that differs is refused with the \
         `import` block that takes it over. Destroying removes the entry; the certificate itself stays valid elsewhere. An \
         entry that was registered together with other certificates, as a collection, can be imported and removed, with \
         all of them, but not changed: RavenDB has no safe edit of it. A real RavenDB decides who a client is once for each connection, so \
         a removed certificate keeps working on connections that are open.",
        [
            (
                "name",
                required(
                    String,
                    "Name of the entry; not blank. RavenDB shows it in the Studio and in its audit log, and control \
                     characters in it are warned of. It need not be unique. Changed in place.",
                ),
            ),
            (
                "certificate_pem",
                required(
                    String,
                    "The client certificate as text: one PEM block `CERTIFICATE`, for example `file(\"app.crt\")`, or that \
                     block with those of its issuers, as in the `fullchain.pem` of Vault, step-ca and cert-manager; of \
                     such a chain the client's own is taken. Refused are texts with a private key, certificates that a \
                     certification authority has by another one, certificates without the purpose clientAuth (none at all \
                     is fine) or without digitalSignature, RSA keys under 2048 bits, and signatures with MD5 or SHA-1; \
                     and, when it is registered, a certificate that is expired or not valid yet. A self-signed certificate \
                     that says it is an authority (`openssl req -x509`) is taken with a warning, and so is a key or a size \
                     that no TLS handshake takes. Line ends, indentation and text around the block make no difference. **Another \
                     certificate forces replacement**; with `lifecycle { create_before_destroy = true }` the new one \
                     can log in before the old one is removed.",
                ),
            ),
            (
                "security_clearance",
                defaulted(
                    String,
                    "What the certificate may do: `ValidUser` (the databases of `database_permissions`), `Operator` \
                     (every database and most administration) or `ClusterAdmin` (everything). Default `ValidUser`. \
                     Changed in place. Only a `ClusterAdmin` can give `ClusterAdmin`. `ClusterNode` and \
                     `UnauthenticatedClients`, which belong to servers, are refused.",
                ),
            ),
            (
                "database_permissions",
                defaulted(
                    map_of_strings(),
                    "Access by database name: `Read` (needs a licence that has read-only certificates), `ReadWrite` or \
                     `Admin`. Default `{}`. Changed in place. Only together with the clearance `ValidUser`. RavenDB \
                     compares database names without case. Databases need not exist. When a database is deleted, \
                     RavenDB drops it from this map, and the next plan shows it as a change made outside.",
                ),
            ),
            (
                "disabled",
                defaulted(
                    Bool,
                    "`true` keeps the entry and refuses its logins. Default `false`. Changed in place. Needs RavenDB \
                     7.2. A new entry is registered and then disabled, because RavenDB knows no other way; when that \
                     fails, it is removed again.",
                ),
            ),
            (
                "deletion_protection",
                defaulted(
                    Bool,
                    "`true` makes every plan fail that would remove this entry, by destroying or by replacing it. After \
                     `terraform taint` Terraform does not say in the plan what is replaced, so there the apply fails, \
                     before anything is removed. Default `false`. Known to Terraform only; the Studio can still delete \
                     the entry. To remove a protected entry, first apply with `false`.",
                ),
            ),
            ("id", computed(String, "The same as `thumbprint`.")),
            (
                "thumbprint",
                computed(
                    String,
                    "SHA-1 over the DER certificate, 40 upper-case hexadecimal digits: the key RavenDB files the \
                     certificate under.",
                ),
            ),
            (
                "fingerprint_sha256",
                computed(
                    String,
                    "SHA-256 over the DER certificate, 64 upper-case hexadecimal digits.",
                ),
            ),
            (
                "public_key_pin",
                computed(
                    String,
                    "SHA-256 over the public key (SubjectPublicKeyInfo), in Base64: RavenDB's `PublicKeyPinningHash`. \
                     RavenDB lets a renewed certificate of the same key and issuer in by it.",
                ),
            ),
            (
                "serial_number",
                computed(
                    String,
                    "Serial number, lower-case hexadecimal octets with colons between.",
                ),
            ),
            (
                "subject_dn",
                computed(String, "Subject of the certificate in the form of RFC 4514."),
            ),
            (
                "issuer_dn",
                computed(String, "Issuer of the certificate in the form of RFC 4514."),
            ),
            (
                "not_before",
                computed(
                    String,
                    "First moment at which the certificate is valid, RFC 3339 in UTC.",
                ),
            ),
            (
                "not_after",
                computed(
                    String,
                    "Last moment at which the certificate is valid, RFC 3339 in UTC.",
                ),
            ),
        ],
    )
}
