-- AlterTable
ALTER TABLE "resources" ADD COLUMN "tokens" TEXT NOT NULL DEFAULT 'jwt';

-- CreateTable
CREATE TABLE "resource_credentials" (
    "id" TEXT NOT NULL,
    "resource_id" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL,
    "last_used_at" TIMESTAMP(3),

    CONSTRAINT "resource_credentials_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "resource_credentials_resource_id_idx" ON "resource_credentials"("resource_id");

-- AddForeignKey
ALTER TABLE "resource_credentials" ADD CONSTRAINT "resource_credentials_resource_id_fkey" FOREIGN KEY ("resource_id") REFERENCES "resources"("id") ON DELETE CASCADE ON UPDATE CASCADE;
