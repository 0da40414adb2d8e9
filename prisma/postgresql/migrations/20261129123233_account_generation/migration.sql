-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "generation" INTEGER NOT NULL DEFAULT 0;

-- What was ended before stays ended: sessions and Grants from before hold no generation, which counts as 0.
UPDATE "accounts" SET "generation" = 1 WHERE "auth_valid_after" > "created_at";
