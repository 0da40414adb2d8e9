-- AlterTable
ALTER TABLE "accounts" ADD COLUMN "attributes" TEXT;

-- Which account has which value, in lower case as far as ASCII goes, and its first two hundred characters: people are found by it along the
-- primary key, the newest first. Written by triggers, so that no way of writing an account can leave it out.
CREATE TABLE "account_attributes" (
    "attribute" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "created_at" DATETIME NOT NULL,
    "account_id" TEXT NOT NULL,
    PRIMARY KEY ("attribute", "value", "created_at", "account_id"),
    CONSTRAINT "account_attributes_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts" ("id") ON DELETE CASCADE ON UPDATE CASCADE
) WITHOUT ROWID;
CREATE INDEX "account_attributes_account_id_idx" ON "account_attributes"("account_id");
CREATE TRIGGER "account_attributes_of_new" AFTER INSERT ON "accounts" WHEN NEW.attributes IS NOT NULL BEGIN
    INSERT OR IGNORE INTO account_attributes (attribute, value, created_at, account_id)
    SELECT a.key, lower(substr(v.value, 1, 200)), NEW.created_at, NEW.id FROM json_each(NEW.attributes) a, json_each(a.value) v;
END;
CREATE TRIGGER "account_attributes_of_changed" AFTER UPDATE OF "attributes" ON "accounts" WHEN OLD.attributes IS NOT NEW.attributes BEGIN
    DELETE FROM account_attributes WHERE account_id = NEW.id;
    INSERT OR IGNORE INTO account_attributes (attribute, value, created_at, account_id)
    SELECT a.key, lower(substr(v.value, 1, 200)), NEW.created_at, NEW.id FROM json_each(coalesce(NEW.attributes, '{}')) a, json_each(a.value) v;
END;
