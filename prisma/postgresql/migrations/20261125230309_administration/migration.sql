-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "registration_token_hash" TEXT,
ADD COLUMN     "source" TEXT NOT NULL DEFAULT 'administrator',
ADD COLUMN     "verified" BOOLEAN NOT NULL DEFAULT true;

-- AlterTable
ALTER TABLE "client_secrets" ADD COLUMN     "last_used_at" TIMESTAMP(3);

-- CreateTable
CREATE TABLE "audit_entries" (
    "seq" INTEGER NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "action" TEXT NOT NULL,
    "actor_kind" TEXT NOT NULL,
    "actor_id" TEXT,
    "actor_name" TEXT,
    "target_kind" TEXT,
    "target_id" TEXT,
    "target_name" TEXT,
    "address" TEXT,
    "request_id" TEXT,
    "details" TEXT NOT NULL,
    "hash" TEXT NOT NULL,

    CONSTRAINT "audit_entries_pkey" PRIMARY KEY ("seq")
);

-- CreateTable
CREATE TABLE "audit_marks" (
    "id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "mac" TEXT NOT NULL,

    CONSTRAINT "audit_marks_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "rejections" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMP(3) NOT NULL,
    "endpoint" TEXT NOT NULL,
    "client_id" TEXT,
    "error" TEXT NOT NULL,
    "description" TEXT,
    "facts" TEXT NOT NULL,

    CONSTRAINT "rejections_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "client_activity" (
    "day" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,

    CONSTRAINT "client_activity_pkey" PRIMARY KEY ("day","client_id")
);

-- CreateTable
CREATE TABLE "key_uses" (
    "kid" TEXT NOT NULL,
    "client_id" TEXT NOT NULL,
    "last_used_at" TIMESTAMP(3) NOT NULL,

    CONSTRAINT "key_uses_pkey" PRIMARY KEY ("kid","client_id")
);

-- CreateTable
CREATE TABLE "initial_access_tokens" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "policy" TEXT NOT NULL,
    "uses_left" INTEGER,
    "created_at" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "expires_at" TIMESTAMP(3),
    "revoked_at" TIMESTAMP(3),
    "last_used_at" TIMESTAMP(3),

    CONSTRAINT "initial_access_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "applied_configurations" (
    "id" TEXT NOT NULL,
    "applied_at" TIMESTAMP(3) NOT NULL,
    "applied_by" TEXT NOT NULL,
    "document" TEXT NOT NULL,

    CONSTRAINT "applied_configurations_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "audit_entries_at_idx" ON "audit_entries"("at");

-- CreateIndex
CREATE INDEX "audit_entries_action_seq_idx" ON "audit_entries"("action", "seq");

-- CreateIndex
CREATE INDEX "audit_entries_actor_id_seq_idx" ON "audit_entries"("actor_id", "seq");

-- CreateIndex
CREATE INDEX "audit_entries_target_id_seq_idx" ON "audit_entries"("target_id", "seq");

-- CreateIndex
CREATE INDEX "rejections_at_idx" ON "rejections"("at");

-- CreateIndex
CREATE INDEX "rejections_client_id_at_idx" ON "rejections"("client_id", "at");

-- CreateIndex
CREATE UNIQUE INDEX "initial_access_tokens_hash_key" ON "initial_access_tokens"("hash");

-- CreateIndex
CREATE INDEX "applied_configurations_applied_at_idx" ON "applied_configurations"("applied_at");

-- CreateIndex
CREATE INDEX "accounts_created_at_id_idx" ON "accounts"("created_at", "id");

-- CreateIndex
CREATE INDEX "clients_created_at_id_idx" ON "clients"("created_at", "id");
