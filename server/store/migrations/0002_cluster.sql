-- The cluster of Redis Enterprise's API. The private keys of its own certificates are in here, and the key that tokens
-- are signed with: the file is its owner's alone (0600). No private key of a client is, and no password.
--
-- One row: the cluster itself. There is none before the first start.
CREATE TABLE cluster_state (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- Seconds since 1970.
    created_at BIGINT NOT NULL,
    -- Seconds since 1970, once `create_cluster` has been called.
    bootstrapped_at BIGINT,
    -- Grows with every change to the cluster: the `cluster-state-id` of answers.
    revision BIGINT NOT NULL,
    -- The highest numbers given so far; none is given twice.
    highest_user BIGINT NOT NULL,
    highest_role BIGINT NOT NULL,
    highest_redis_acl BIGINT NOT NULL,
    -- A JSON object.
    settings TEXT NOT NULL,
    -- The key of the HMAC over tokens, 32 octets.
    token_key BYTEA NOT NULL
);

CREATE TABLE cluster_users (
    uid BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    email TEXT,
    -- `regular`, `certificate`, `entraid` or `sso`.
    auth_method TEXT NOT NULL,
    -- For `certificate`: the subject, as given.
    subject_line TEXT,
    -- For `regular`: Argon2id hashes in PHC string format, a JSON array, oldest first.
    password_hashes TEXT,
    -- For `regular`: when the newest was set, in seconds since 1970.
    password_issued_at BIGINT,
    -- The cluster's revision when what the user proves itself by was last changed.
    credentials_revision BIGINT NOT NULL,
    -- A JSON array of numbers.
    role_uids TEXT NOT NULL,
    email_alerts BOOLEAN NOT NULL,
    cluster_email_alerts BOOLEAN,
    -- A JSON array of strings.
    bdbs_email_alerts TEXT
);

CREATE TABLE cluster_roles (
    uid BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The name of a `ManagementRole`.
    management TEXT NOT NULL,
    -- The databases it is limited to: a JSON array of numbers, empty for no limit.
    databases TEXT NOT NULL
);

CREATE TABLE cluster_redis_acls (
    uid BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    -- The rules, as given.
    acl TEXT NOT NULL
);

CREATE TABLE cluster_certificates (
    -- The name of a `CertificateName`.
    name TEXT NOT NULL PRIMARY KEY,
    -- PEM, as given.
    certificate TEXT NOT NULL,
    -- PEM.
    private_key TEXT,
    -- Seconds since 1970.
    installed_at BIGINT NOT NULL
);
