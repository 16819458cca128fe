-- What proves that a write is on the disk, and that the store has not gone back in time.

-- The name of this store, 32 hexadecimal digits; empty until the first server that knows of it has opened it.
ALTER TABLE store_state ADD COLUMN store_id TEXT NOT NULL DEFAULT '';
-- Grows by one with every write, whatever it changes.
ALTER TABLE store_state ADD COLUMN generation BIGINT NOT NULL DEFAULT 0;

-- Databases that were deleted, whose data may still be on the disk: it is deleted as soon as possible. Data of databases
-- that are neither here nor in `cluster_databases` is not the store's to delete.
CREATE TABLE deleted_databases (
    uid BIGINT NOT NULL PRIMARY KEY
);
