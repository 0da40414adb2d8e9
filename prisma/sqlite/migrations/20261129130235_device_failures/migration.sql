-- CreateTable
CREATE TABLE "device_failures" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "account_id" TEXT NOT NULL,
    "failed_sign_ins" INTEGER NOT NULL,
    "locked_until" DATETIME,
    "updated_at" DATETIME NOT NULL,
    CONSTRAINT "device_failures_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "device_failures_account_id_idx" ON "device_failures"("account_id");

-- CreateIndex
CREATE INDEX "device_failures_updated_at_idx" ON "device_failures"("updated_at");
