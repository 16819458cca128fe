-- The registered certificates. No private key is ever in here.
--
-- One text for SQLite and PostgreSQL: the column types are PostgreSQL's, which SQLite takes as hints.
CREATE TABLE certificates (
    -- SHA-1 over `der`: the name of the entry, 20 octets.
    thumbprint BYTEA NOT NULL PRIMARY KEY,
    -- The certificate as it was registered or issued.
    der BYTEA NOT NULL,
    -- The holder's name; not unique.
    name TEXT NOT NULL,
    -- The name of a `SecurityClearance`.
    clearance TEXT NOT NULL,
    -- A JSON array of [database, access] pairs, in the order of first mention.
    permissions TEXT NOT NULL,
    -- From the certificate, in seconds since 1970, so that nothing need be parsed at start.
    not_before BIGINT NOT NULL,
    not_after BIGINT NOT NULL,
    -- From the certificate: SHA-256 over the public key, 32 octets.
    pinning_hash BYTEA NOT NULL,
    -- The issuers that came with the certificate, nearest first, their DER one after the other; often empty.
    issuer_chain BYTEA NOT NULL,
    -- Kept, but refused.
    disabled BOOLEAN NOT NULL,
    -- In a collection, the entry this one hangs on. Deleting that one deletes this one.
    primary_thumbprint BYTEA REFERENCES certificates (thumbprint) ON DELETE CASCADE,
    -- The place among the entries that hang on the same one, from 0.
    collection_position BIGINT,
    -- The shared secret of one-time codes, as decoded octets.
    two_factor_key BYTEA,
    -- The store's revision when the entry was first put: the order of registration.
    registered_revision BIGINT NOT NULL
);
CREATE INDEX certificates_by_primary ON certificates (primary_thumbprint);

-- Which certificate answered which `raft-request-id`, so that a repeated request issues nothing.
CREATE TABLE generate_requests (
    request_id TEXT NOT NULL PRIMARY KEY,
    -- The certificate that was issued; it may have been deleted since.
    thumbprint BYTEA NOT NULL,
    -- Seconds since 1970; old rows are forgotten.
    recorded_at BIGINT NOT NULL
);
CREATE INDEX generate_requests_by_time ON generate_requests (recorded_at);

-- Who decided or asked what. Rows are only ever added.
CREATE TABLE audit_records (
    -- 1, 2, 3 ...: a missing number is a missing record.
    sequence BIGINT NOT NULL PRIMARY KEY,
    -- Microseconds since 1970.
    recorded_at BIGINT NOT NULL,
    -- The caller's name, thumbprint (40 hexadecimal digits) and address, as far as they are known.
    actor_name TEXT NOT NULL,
    actor_thumbprint TEXT,
    actor_address TEXT,
    -- What was asked for, such as `edit_certificate`.
    action TEXT NOT NULL,
    -- Of what, such as a thumbprint.
    target TEXT NOT NULL,
    -- `done` or `refused`.
    outcome TEXT NOT NULL,
    -- Why it was refused, or what exactly was done.
    detail TEXT NOT NULL,
    -- How many equal decisions this row stands for; more than 1 only for refusals.
    occurrences BIGINT NOT NULL
);

-- One row: where the store stands.
CREATE TABLE store_state (
    id BIGINT NOT NULL PRIMARY KEY,
    -- Grows with every change to a certificate.
    revision BIGINT NOT NULL,
    -- The number of the newest audit record.
    audit_sequence BIGINT NOT NULL
);
INSERT INTO store_state (id, revision, audit_sequence) VALUES (1, 0, 0);
