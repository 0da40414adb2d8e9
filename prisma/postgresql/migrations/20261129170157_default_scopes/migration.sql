-- AlterTable
ALTER TABLE "resources" ADD COLUMN     "default_scopes" TEXT NOT NULL DEFAULT '';
