-- AlterTable
ALTER TABLE "groups" ADD COLUMN     "removed_at" TIMESTAMP(3);

-- AlterTable
ALTER TABLE "roles" ADD COLUMN     "removed_at" TIMESTAMP(3);

-- CreateIndex
CREATE INDEX "groups_removed_at_idx" ON "groups"("removed_at");

-- CreateIndex
CREATE INDEX "roles_removed_at_idx" ON "roles"("removed_at");
