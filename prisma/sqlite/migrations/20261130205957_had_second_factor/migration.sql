-- AlterTable
ALTER TABLE "accounts" ADD COLUMN "had_second_factor" BOOLEAN NOT NULL DEFAULT false;

-- Who has one now, and whose recovery has removed it lately.
UPDATE "accounts" SET "had_second_factor" = true
WHERE "second_factors" <> ''
  OR "id" IN (SELECT "account_id" FROM "account_recoveries" WHERE "outcome" = 'finished');
