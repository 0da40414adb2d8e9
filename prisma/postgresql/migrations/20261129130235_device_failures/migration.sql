-- CreateTable
CREATE TABLE "device_failures" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "failed_sign_ins" INTEGER NOT NULL,
    "locked_until" TIMESTAMP(3),
    "updated_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "device_failures_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "device_failures_account_id_idx" ON "device_failures"("account_id");

-- CreateIndex
CREATE INDEX "device_failures_updated_at_idx" ON "device_failures"("updated_at");

-- AddForeignKey
ALTER TABLE "device_failures" ADD CONSTRAINT "device_failures_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
