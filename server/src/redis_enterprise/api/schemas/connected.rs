//! The answers of Certward's own routes.

use super::{COUNT, LONG_TEXT, TEXT, UID, open};
use crate::redis_enterprise::api::json::{Kind, Schema, member};

/// The list of open connections.
pub(in super::super) const CONNECTION_LIST: Schema = open(
    "certward_connections",
    "The open connections to the API and the databases. Certward's own.",
    &[
        member("total", COUNT, "How many there are.").read_only(),
        member(
            "connections",
            Kind::Objects(&CONNECTION),
            "Those that were asked for, the oldest first.",
        )
        .read_only(),
    ],
);

/// The connections and rights that a removal would end.
pub(in super::super) const REMOVAL_EFFECT: Schema = open(
    "certward_removal_effect",
    "What a removal would end. Nothing is changed. Certward's own.",
    &[
        member("connections_total", COUNT, "How many connections would end.").read_only(),
        member("connections", Kind::Objects(&CONNECTION), "The oldest 1,000 of them.").read_only(),
        member("identities_total", COUNT, "How many identities would lose access.").read_only(),
        member(
            "identities",
            Kind::Objects(&LOSING_IDENTITY),
            "The first 1,000 of them.",
        )
        .read_only(),
    ],
);

const CONNECTION: Schema = open(
    "certward_connection",
    "An open connection.",
    &[
        member("listener", TEXT, "What it is connected to: redis_enterprise or database.").read_only(),
        member("database", Kind::Object(&NUMBERED), "The database.").read_only(),
        member("address", TEXT, "The address and port of its other end.").read_only(),
        member("opened_at", TEXT, "When it was opened, in RFC 3339.").read_only(),
        member(
            "identity",
            TEXT,
            "What let it in: certificate, password, token, anonymous (a database that asks for nothing), local_user (the \
             server's own user, who created the cluster), or unauthenticated. On the API, where each request says anew who \
             it is, the last one counts.",
        )
        .read_only(),
        member("user", Kind::Object(&NUMBERED), "The user of the cluster that it is.").read_only(),
        member("certificate", Kind::Object(&SHOWN_CERTIFICATE), "The certificate that it showed.").read_only(),
        member("rests_on", Kind::Objects(&GROUND), "What must stay for the connection to stay.").read_only(),
        member("valid_until", TEXT, "The last second of its certificates, in RFC 3339.").read_only(),
    ],
);

const LOSING_IDENTITY: Schema = open(
    "certward_losing_identity",
    "A user who would lose access, or have other rights.",
    &[
        member("kind", TEXT, "user.").read_only(),
        member("id", TEXT, "The user's uid.").read_only(),
        member("name", LONG_TEXT, "The user's name.").read_only(),
        member(
            "databases",
            Kind::Objects(&NUMBERED),
            "Where it would lose its rights, or have others.",
        )
        .read_only(),
        member("api", Kind::Boolean, "Whether that is so on the API.").read_only(),
    ],
);

const SHOWN_CERTIFICATE: Schema = open(
    "certward_certificate",
    "A certificate that a client holds the key of.",
    &[
        member("subject", LONG_TEXT, "The subject, as RFC 4514 prints it.").read_only(),
        member("fingerprint", TEXT, "SHA-256.").read_only(),
        member("thumbprint", TEXT, "SHA-1.").read_only(),
        member("not_after", TEXT, "Its last second, in RFC 3339.").read_only(),
    ],
);

const GROUND: Schema = open(
    "certward_ground",
    "Something that a connection rests on.",
    &[
        member(
            "kind",
            TEXT,
            "ca, client_certificate, user, role, redis_acl, certificate, server_certificate, well_known_administrator or \
             well_known_issuer.",
        )
        .read_only(),
        member("id", TEXT, "A uid, or the fingerprint or thumbprint of a certificate.").read_only(),
        member("name", LONG_TEXT, "A name, or the subject of a certificate.").read_only(),
    ],
);

const NUMBERED: Schema = open(
    "certward_numbered",
    "Something with a number and a name.",
    &[
        member("uid", UID, "The number.").read_only(),
        member("name", LONG_TEXT, "The name.").read_only(),
    ],
);
