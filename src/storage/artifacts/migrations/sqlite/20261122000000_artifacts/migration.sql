-- Times are seconds since the epoch, except created_at: milliseconds, so that "newest first" holds inside a second.
CREATE TABLE artifacts (
    model          TEXT NOT NULL,
    id_hash        TEXT NOT NULL,
    payload        TEXT NOT NULL,
    -- A session's authorizations by client id, apart from its payload: concurrent saves are merged key by key.
    authorizations TEXT,
    grant_id       TEXT,
    uid            TEXT,
    user_code      TEXT,
    account_id     TEXT,
    client_id      TEXT,
    expires_at     INTEGER,
    consumed_at    INTEGER,
    -- A tombstone: an ended session whose id and uid must not come back before it would have expired.
    destroyed_at   INTEGER,
    created_at     INTEGER NOT NULL,
    PRIMARY KEY (model, id_hash)
);

-- Each of these is paid for on every write that fills its column, and by no other. There is none on client_id: only
-- the removal of a client asks by it, and may read the whole table.
CREATE INDEX artifacts_grant_id ON artifacts (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX artifacts_uid ON artifacts (uid) WHERE uid IS NOT NULL;
CREATE INDEX artifacts_user_code ON artifacts (user_code) WHERE user_code IS NOT NULL;
CREATE INDEX artifacts_account_id ON artifacts (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX artifacts_expires_at ON artifacts (expires_at) WHERE expires_at IS NOT NULL;
