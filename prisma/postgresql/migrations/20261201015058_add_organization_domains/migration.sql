-- CreateTable
CREATE TABLE "organization_domains" (
    "organization_id" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "verified" TEXT,
    "verified_at" TIMESTAMP(3),
    "checked_at" TIMESTAMP(3),
    "missing_since" TIMESTAMP(3),
    "created_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "organization_domains_pkey" PRIMARY KEY ("organization_id","domain")
);

-- CreateIndex
CREATE UNIQUE INDEX "organization_domains_verified_key" ON "organization_domains"("verified");

-- CreateIndex
CREATE INDEX "organization_domains_checked_at_idx" ON "organization_domains"("checked_at");

-- AddForeignKey
ALTER TABLE "organization_domains" ADD CONSTRAINT "organization_domains_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations"("id") ON DELETE CASCADE ON UPDATE CASCADE;
