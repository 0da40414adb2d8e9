-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "middle_name" TEXT,
ADD COLUMN     "nickname" TEXT,
ADD COLUMN     "profile" TEXT,
ADD COLUMN     "website" TEXT,
ADD COLUMN     "gender" TEXT,
ADD COLUMN     "birthdate" TEXT,
ADD COLUMN     "invited_until" TIMESTAMP(3);

-- AlterTable
ALTER TABLE "one_time_tokens" ADD COLUMN     "details" TEXT;
