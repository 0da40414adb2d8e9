-- AlterTable
ALTER TABLE "signing_keys" ADD COLUMN "accepted_until" DATETIME;
