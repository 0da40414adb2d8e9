-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "phone_login" TEXT;

-- CreateTable
CREATE TABLE "phone_factors" (
    "id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "number" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL,
    "last_used_at" TIMESTAMP(3),

    CONSTRAINT "phone_factors_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sms_codes" (
    "account_id" TEXT NOT NULL,
    "purpose" TEXT NOT NULL,
    "id" TEXT NOT NULL,
    "number" TEXT NOT NULL,
    "mac" TEXT NOT NULL,
    "expires_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "sms_codes_pkey" PRIMARY KEY ("account_id","purpose")
);

-- CreateTable
CREATE TABLE "sms_counts" (
    "key" TEXT NOT NULL,
    "sent" INTEGER NOT NULL,
    "window_ends_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "sms_counts_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "phone_factors_account_id_key" ON "phone_factors"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "sms_codes_id_key" ON "sms_codes"("id");

-- CreateIndex
CREATE INDEX "sms_codes_expires_at_idx" ON "sms_codes"("expires_at");

-- CreateIndex
CREATE INDEX "sms_counts_window_ends_at_idx" ON "sms_counts"("window_ends_at");

-- CreateIndex
CREATE UNIQUE INDEX "accounts_phone_login_key" ON "accounts"("phone_login");

-- AddForeignKey
ALTER TABLE "phone_factors" ADD CONSTRAINT "phone_factors_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "sms_codes" ADD CONSTRAINT "sms_codes_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
