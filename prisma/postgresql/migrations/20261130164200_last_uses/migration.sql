-- CreateTable
CREATE TABLE "last_uses" (
    "account_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject" TEXT NOT NULL,
    "last_used_at" TIMESTAMP(3) NOT NULL,
    "address" TEXT,

    CONSTRAINT "last_uses_pkey" PRIMARY KEY ("account_id","kind","subject")
);

-- CreateIndex
CREATE INDEX "last_uses_kind_last_used_at_idx" ON "last_uses"("kind", "last_used_at");

-- AddForeignKey
ALTER TABLE "last_uses" ADD CONSTRAINT "last_uses_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;
