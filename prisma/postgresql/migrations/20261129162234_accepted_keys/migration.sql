-- AlterTable
ALTER TABLE "signing_keys" ADD COLUMN     "accepted_until" TIMESTAMP(3);
