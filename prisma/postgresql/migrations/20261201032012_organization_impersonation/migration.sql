-- AlterTable
ALTER TABLE "organizations" ADD COLUMN     "impersonation_forbidden" BOOLEAN NOT NULL DEFAULT false;
