-- AlterTable
ALTER TABLE "accounts" ADD COLUMN "middle_name" TEXT;
ALTER TABLE "accounts" ADD COLUMN "nickname" TEXT;
ALTER TABLE "accounts" ADD COLUMN "profile" TEXT;
ALTER TABLE "accounts" ADD COLUMN "website" TEXT;
ALTER TABLE "accounts" ADD COLUMN "gender" TEXT;
ALTER TABLE "accounts" ADD COLUMN "birthdate" TEXT;
ALTER TABLE "accounts" ADD COLUMN "invited_until" DATETIME;

-- AlterTable
ALTER TABLE "one_time_tokens" ADD COLUMN "details" TEXT;
