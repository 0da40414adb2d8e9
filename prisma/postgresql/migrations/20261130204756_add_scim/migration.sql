-- CreateTable
CREATE TABLE "scim_tokens" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "slot" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "organization" TEXT,
    "created_at" TIMESTAMP(3) NOT NULL,
    "last_used_at" TIMESTAMP(3),

    CONSTRAINT "scim_tokens_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "scim_users" (
    "owner" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,

    CONSTRAINT "scim_users_pkey" PRIMARY KEY ("account_id","owner")
);

-- CreateTable
CREATE TABLE "scim_groups" (
    "owner" TEXT NOT NULL,
    "group_id" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,

    CONSTRAINT "scim_groups_pkey" PRIMARY KEY ("group_id","owner")
);

-- CreateIndex
CREATE UNIQUE INDEX "scim_tokens_hash_key" ON "scim_tokens"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "scim_tokens_owner_slot_key" ON "scim_tokens"("owner", "slot");

-- CreateIndex
CREATE UNIQUE INDEX "scim_users_owner_external_id_key" ON "scim_users"("owner", "external_id");

-- CreateIndex
CREATE UNIQUE INDEX "scim_groups_owner_external_id_key" ON "scim_groups"("owner", "external_id");

-- AddForeignKey
ALTER TABLE "scim_users" ADD CONSTRAINT "scim_users_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "scim_groups" ADD CONSTRAINT "scim_groups_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "groups"("id") ON DELETE CASCADE ON UPDATE CASCADE;
