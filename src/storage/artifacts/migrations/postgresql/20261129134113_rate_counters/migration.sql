-- Counts of the rate limits, shared by all processes. UNLOGGED: losing them in a crash costs nothing but a fresh count,
-- and no write waits for the disk. Times are milliseconds since the epoch.
CREATE UNLOGGED TABLE rate_counters (
    key       TEXT NOT NULL PRIMARY KEY,
    count     INTEGER NOT NULL,
    resets_at BIGINT NOT NULL
) WITH (fillfactor = 50);

CREATE INDEX rate_counters_resets_at ON rate_counters (resets_at);
