-- CreateTable
CREATE TABLE "client_revocations" (
    "client_id" TEXT NOT NULL,
    "requested_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "client_revocations_pkey" PRIMARY KEY ("client_id")
);

-- CreateIndex
CREATE INDEX "client_revocations_requested_at_idx" ON "client_revocations"("requested_at");

-- CreateIndex
CREATE INDEX "account_recoveries_expires_at_idx" ON "account_recoveries"("expires_at");
