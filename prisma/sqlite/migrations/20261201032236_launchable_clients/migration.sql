-- AlterTable
ALTER TABLE "clients" ADD COLUMN "launchable" BOOLEAN NOT NULL DEFAULT false;

-- A home page is where people begin.
UPDATE "clients" SET "launchable" = true WHERE "metadata" LIKE '%"client_uri":"%';

-- CreateIndex
CREATE INDEX "clients_launchable_name_idx" ON "clients"("launchable", "name");
