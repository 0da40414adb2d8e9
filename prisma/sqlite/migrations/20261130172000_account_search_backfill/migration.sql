-- How far the job has come that makes accounts known to the search which were there before it (src/accounts/search/backfill.ts): the last
-- account it looked at, null at its beginning. Without a row it is done: triggers know every account since.
CREATE TABLE "account_search_backfill" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "after_at" DATETIME,
    "after_id" TEXT
);
INSERT INTO "account_search_backfill" ("id") SELECT 1 WHERE EXISTS (SELECT 1 FROM "accounts");
