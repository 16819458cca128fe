//! The answers of Certward's own routes.

use super::json::{self, Kind};
use super::{COUNT, LONG_TEXT, TEXT, UID, answers};

answers! {
    open CONNECTION_LIST = "certward_connections",
        "The open connections to the API and the databases. Certward's own." {
        total: COUNT, "How many there are.";
        connections: Kind::Objects(&CONNECTION), "Those that were asked for, the oldest first.";
    }

    open REMOVAL_EFFECT = "certward_removal_effect", "What a removal would end. Nothing is changed. Certward's own." {
        connections_total: COUNT, "How many connections would end.";
        connections: Kind::Objects(&CONNECTION), "The oldest 1,000 of them.";
        identities_total: COUNT, "How many identities would lose access.";
        identities: Kind::Objects(&LOSING_IDENTITY), "The first 1,000 of them.";
    }

    open CONNECTION = "certward_connection", "An open connection." {
        listener: TEXT, "What it is connected to: redis_enterprise or database.";
        database: Kind::Object(&NUMBERED), "The database.";
        address: TEXT, "The address and port of its other end.";
        opened_at: TEXT, "When it was opened, in RFC 3339.";
        identity: TEXT,
            "What let it in: certificate, password, token, anonymous (a database that asks for nothing), local_user \
             (the server's own user, who created the cluster), or unauthenticated. On the API, where each request says \
             anew who it is, the last one counts.";
        user: Kind::Object(&NUMBERED), "The user of the cluster that it is.";
        certificate: Kind::Object(&SHOWN_CERTIFICATE), "The certificate that it showed.";
        rests_on: Kind::Objects(&GROUND), "What must stay for the connection to stay.";
        valid_until: TEXT, "The last second of its certificates, in RFC 3339.";
    }

    open LOSING_IDENTITY = "certward_losing_identity", "A user who would lose access, or have other rights." {
        kind: TEXT, "user.";
        id: TEXT, "The user's uid.";
        name: LONG_TEXT, "The user's name.";
        databases: Kind::Objects(&NUMBERED), "Where it would lose its rights, or have others.";
        api: Kind::Boolean, "Whether that is so on the API.";
    }

    open SHOWN_CERTIFICATE = "certward_certificate", "A certificate that a client holds the key of." {
        subject: LONG_TEXT, "The subject, as RFC 4514 prints it.";
        fingerprint: TEXT, "SHA-256.";
        thumbprint: TEXT, "SHA-1.";
        not_after: TEXT, "Its last second, in RFC 3339.";
    }

    open GROUND = "certward_ground", "Something that a connection rests on." {
        kind: TEXT,
            "ca, client_certificate, user, role, redis_acl, certificate, server_certificate, well_known_administrator \
             or well_known_issuer.";
        id: TEXT, "A uid, or the fingerprint or thumbprint of a certificate.";
        name: LONG_TEXT, "A name, or the subject of a certificate.";
    }

    open NUMBERED = "certward_numbered", "Something with a number and a name." {
        uid: UID, "The number.";
        name: LONG_TEXT, "The name.";
    }
}
