-- CreateTable
CREATE TABLE "organization_domains" (
    "organization_id" TEXT NOT NULL,
    "domain" TEXT NOT NULL,
    "token" TEXT NOT NULL,
    "verified" TEXT,
    "verified_at" DATETIME,
    "checked_at" DATETIME,
    "missing_since" DATETIME,
    "created_at" DATETIME NOT NULL,

    PRIMARY KEY ("organization_id", "domain"),
    CONSTRAINT "organization_domains_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE UNIQUE INDEX "organization_domains_verified_key" ON "organization_domains"("verified");

-- CreateIndex
CREATE INDEX "organization_domains_checked_at_idx" ON "organization_domains"("checked_at");
