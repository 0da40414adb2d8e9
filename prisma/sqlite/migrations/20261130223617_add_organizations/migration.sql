-- CreateTable
CREATE TABLE "organizations" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "slug" TEXT NOT NULL,
    "name_key" TEXT NOT NULL,
    "second_factor_required" BOOLEAN NOT NULL DEFAULT false,
    "session_max_age" INTEGER,
    "disabled" BOOLEAN NOT NULL DEFAULT false,
    "version" INTEGER NOT NULL DEFAULT 0,
    "created_at" DATETIME NOT NULL,
    "removed_at" DATETIME
);

-- CreateTable
CREATE TABLE "organization_members" (
    "organization_id" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "roles" TEXT NOT NULL DEFAULT '',
    "created_at" DATETIME NOT NULL,

    PRIMARY KEY ("account_id", "organization_id"),
    CONSTRAINT "organization_members_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
    CONSTRAINT "organization_members_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "organization_invitations" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "organization_id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "roles" TEXT NOT NULL DEFAULT '',
    "token_hash" TEXT NOT NULL,
    "pending" TEXT,
    "ended" TEXT,
    "invited_by" TEXT NOT NULL,
    "sends" INTEGER NOT NULL DEFAULT 1,
    "sent_at" DATETIME NOT NULL,
    "expires_at" DATETIME NOT NULL,
    "created_at" DATETIME NOT NULL,
    CONSTRAINT "organization_invitations_organization_id_fkey" FOREIGN KEY ("organization_id") REFERENCES "organizations" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE UNIQUE INDEX "organizations_slug_key" ON "organizations"("slug");

-- CreateIndex
CREATE INDEX "organizations_removed_at_idx" ON "organizations"("removed_at");

-- CreateIndex
CREATE INDEX "organization_members_organization_id_created_at_account_id_idx" ON "organization_members"("organization_id", "created_at", "account_id");

-- CreateIndex
CREATE UNIQUE INDEX "organization_invitations_token_hash_key" ON "organization_invitations"("token_hash");

-- CreateIndex
CREATE UNIQUE INDEX "organization_invitations_pending_key" ON "organization_invitations"("pending");

-- CreateIndex
CREATE INDEX "organization_invitations_organization_id_created_at_id_idx" ON "organization_invitations"("organization_id", "created_at", "id");

-- CreateIndex
CREATE INDEX "organization_invitations_email_sent_at_idx" ON "organization_invitations"("email", "sent_at");

-- CreateIndex
CREATE INDEX "organization_invitations_expires_at_idx" ON "organization_invitations"("expires_at");
