-- AlterTable
ALTER TABLE "organization_invitations" ADD COLUMN     "manager_id" TEXT;
