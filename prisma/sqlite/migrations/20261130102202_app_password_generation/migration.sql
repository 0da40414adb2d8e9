-- AlterTable
ALTER TABLE "app_passwords" ADD COLUMN "generation" INTEGER NOT NULL DEFAULT 0;
