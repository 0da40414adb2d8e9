-- AlterTable
ALTER TABLE "resources" ADD COLUMN "scopes_by_role" BOOLEAN NOT NULL DEFAULT false;
ALTER TABLE "resources" ADD COLUMN "token_claims" TEXT NOT NULL DEFAULT '';

-- CreateIndex
CREATE INDEX "group_members_group_id_manager_idx" ON "group_members"("group_id", "manager");
