-- AlterTable
ALTER TABLE "clients" ADD COLUMN "pkce_flows" INTEGER NOT NULL DEFAULT 0;
ALTER TABLE "clients" ADD COLUMN "pkce_without" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "clients" ADD COLUMN "pkce_ratchet" TEXT;
