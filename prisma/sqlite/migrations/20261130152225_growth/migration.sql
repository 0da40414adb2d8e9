-- CreateTable
CREATE TABLE "client_revocations" (
    "client_id" TEXT NOT NULL PRIMARY KEY,
    "requested_at" DATETIME NOT NULL
);

-- CreateIndex
CREATE INDEX "client_revocations_requested_at_idx" ON "client_revocations"("requested_at");

-- CreateIndex
CREATE INDEX "account_recoveries_expires_at_idx" ON "account_recoveries"("expires_at");
