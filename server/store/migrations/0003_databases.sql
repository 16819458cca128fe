-- The Redis databases of the cluster. The private keys of their own server certificates are in here.
CREATE TABLE cluster_databases (
    uid BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    port BIGINT NOT NULL,
    -- Everything else about it: a JSON object.
    definition TEXT NOT NULL,
    -- The server certificate of its own, if it has one: the chain and the key, PEM.
    proxy_certificate TEXT,
    proxy_private_key TEXT,
    -- Seconds since 1970.
    created_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);

ALTER TABLE cluster_state ADD COLUMN highest_database BIGINT NOT NULL DEFAULT 0;
