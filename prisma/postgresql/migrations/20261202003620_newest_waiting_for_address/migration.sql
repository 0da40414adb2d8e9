-- Who waits for an address: the newest is found without sorting, and an account that waits for none is not in it.
CREATE INDEX "accounts_waiting" ON "accounts"("pending_email", "created_at", "id") WHERE "pending_email" IS NOT NULL;
DROP INDEX "accounts_pending_email_idx";
