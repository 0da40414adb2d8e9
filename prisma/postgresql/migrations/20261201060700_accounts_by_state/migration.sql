-- Lists of accounts of one state: few of many.
CREATE INDEX "accounts_disabled" ON "accounts"("created_at", "id") WHERE "disabled_at" IS NOT NULL;
CREATE INDEX "accounts_locked" ON "accounts"("created_at", "id") WHERE "locked_until" IS NOT NULL;
