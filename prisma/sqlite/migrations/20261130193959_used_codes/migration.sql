-- AlterTable
ALTER TABLE "factor_failures" ADD COLUMN "used_mac" TEXT;
