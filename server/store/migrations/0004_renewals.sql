-- Renewals that registered themselves, and certificates that were deleted.

-- The entry whose renewal this one was when it registered itself, by thumbprint; none for what somebody registered. That
-- entry may have gone since.
ALTER TABLE certificates ADD COLUMN renews BYTEA;

-- Stores from before kept this in the audit records alone. `unhex` is SQLite's, as every store from before is.
UPDATE certificates SET renews = unhex(substr(recorded.detail, 8, 40))
FROM (
    SELECT target, detail FROM audit_records
    WHERE action = 'register_renewal' AND outcome = 'done' AND detail LIKE 'renews %'
) AS recorded
WHERE certificates.thumbprint = unhex(recorded.target);

-- Certificates that were deleted before they expired. They are never admitted as renewals of others.
CREATE TABLE deleted_certificates (
    -- SHA-256 over the certificate, 32 bytes.
    fingerprint BYTEA NOT NULL PRIMARY KEY,
    -- From the certificate, in seconds since 1970; rows of expired certificates are forgotten.
    not_after BIGINT NOT NULL
);
CREATE INDEX deleted_certificates_by_expiry ON deleted_certificates (not_after);
