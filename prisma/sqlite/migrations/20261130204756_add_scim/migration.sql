-- CreateTable
CREATE TABLE "scim_tokens" (
    "id" TEXT NOT NULL PRIMARY KEY,
    "name" TEXT NOT NULL,
    "owner" TEXT NOT NULL,
    "slot" INTEGER NOT NULL,
    "hash" TEXT NOT NULL,
    "organization" TEXT,
    "created_at" DATETIME NOT NULL,
    "last_used_at" DATETIME
);

-- CreateTable
CREATE TABLE "scim_users" (
    "owner" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,

    PRIMARY KEY ("account_id", "owner"),
    CONSTRAINT "scim_users_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateTable
CREATE TABLE "scim_groups" (
    "owner" TEXT NOT NULL,
    "group_id" TEXT NOT NULL,
    "external_id" TEXT NOT NULL,

    PRIMARY KEY ("group_id", "owner"),
    CONSTRAINT "scim_groups_group_id_fkey" FOREIGN KEY ("group_id") REFERENCES "groups" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

-- CreateIndex
CREATE UNIQUE INDEX "scim_tokens_hash_key" ON "scim_tokens"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "scim_tokens_owner_slot_key" ON "scim_tokens"("owner", "slot");

-- CreateIndex
CREATE UNIQUE INDEX "scim_users_owner_external_id_key" ON "scim_users"("owner", "external_id");

-- CreateIndex
CREATE UNIQUE INDEX "scim_groups_owner_external_id_key" ON "scim_groups"("owner", "external_id");
