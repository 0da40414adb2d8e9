-- AlterTable
ALTER TABLE "identity_providers" ADD COLUMN     "organization_id" TEXT;

-- AlterTable
ALTER TABLE "organizations" ADD COLUMN     "provider_required" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "provider_join" BOOLEAN NOT NULL DEFAULT false,
ADD COLUMN     "provider_roles" TEXT NOT NULL DEFAULT '';

-- CreateIndex
CREATE INDEX "identity_providers_organization_id_idx" ON "identity_providers"("organization_id");
