-- AlterTable
ALTER TABLE "resources" ADD COLUMN "tokens" TEXT NOT NULL DEFAULT 'jwt';

-- CreateTable
CREATE TABLE "resource_credentials" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "resource_id" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" DATETIME NOT NULL,
    "last_used_at" DATETIME,
    CONSTRAINT "resource_credentials_resource_id_fkey" FOREIGN KEY ("resource_id") REFERENCES "resources" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE INDEX "resource_credentials_resource_id_idx" ON "resource_credentials"("resource_id");
