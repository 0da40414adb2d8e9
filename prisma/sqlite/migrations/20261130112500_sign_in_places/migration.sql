-- CreateTable
CREATE TABLE "sign_in_places" (
    "account_id" TEXT NOT NULL,
    "place" TEXT NOT NULL,
    "last_seen_at" DATETIME NOT NULL,

    PRIMARY KEY ("account_id", "place"),
    CONSTRAINT "sign_in_places_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- Who has signed in before this table was there is told of the next new device.
INSERT INTO "sign_in_places" ("account_id", "place", "last_seen_at")
SELECT "id", 'before', "last_sign_in_at" FROM "accounts" WHERE "last_sign_in_at" IS NOT NULL;
