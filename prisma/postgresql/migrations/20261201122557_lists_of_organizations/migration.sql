-- AlterTable
ALTER TABLE "applied_configurations" ADD COLUMN     "applied_by_kind" TEXT NOT NULL DEFAULT '';

-- CreateIndex
CREATE INDEX "organizations_created_at_id_idx" ON "organizations"("created_at", "id");

-- CreateIndex
CREATE INDEX "organizations_name_key_id_idx" ON "organizations"("name_key", "id");

-- Those that are disabled, which are few, are found and counted without the others.
CREATE INDEX "organizations_disabled" ON "organizations"("slug") WHERE "disabled" = true AND "removed_at" IS NULL;
