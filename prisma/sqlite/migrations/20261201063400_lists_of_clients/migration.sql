-- AlterTable
ALTER TABLE "clients" ADD COLUMN "kind" TEXT NOT NULL DEFAULT 'web';
ALTER TABLE "clients" ADD COLUMN "last_used_day" TEXT NOT NULL DEFAULT '';

-- What each is, as src/shared/client-kind.ts says it, and when it was last used.
UPDATE "clients" SET
  "kind" = CASE
    WHEN json_extract("metadata", '$.profile') IS NOT NULL THEN 'fapi'
    WHEN json_extract("metadata", '$.grant_types') NOT LIKE '%"authorization_code"%' THEN
      CASE WHEN json_extract("metadata", '$.grant_types') LIKE '%"urn:ietf:params:oauth:grant-type:device_code"%' AND json_extract("metadata", '$.grant_types') NOT LIKE '%"client_credentials"%'
        THEN 'device' ELSE 'machine' END
    WHEN json_extract("metadata", '$.token_endpoint_auth_method') <> 'none' THEN 'web'
    WHEN json_extract("metadata", '$.application_type') = 'native' THEN 'native'
    ELSE 'spa' END,
  "last_used_day" = COALESCE((SELECT MAX("day") FROM "client_activity" WHERE "client_id" = "clients"."id"), '');

-- CreateIndex
CREATE INDEX "clients_kind_created_at_id_idx" ON "clients"("kind", "created_at", "id");

-- CreateIndex
CREATE INDEX "clients_last_used_day_id_idx" ON "clients"("last_used_day", "id");

-- Lists by name, and of those of one state.
CREATE INDEX "clients_by_name" ON "clients"(LOWER("name"), "id");
CREATE INDEX "clients_disabled" ON "clients"("created_at", "id") WHERE "disabled_at" IS NOT NULL;
CREATE INDEX "clients_enabled" ON "clients"("created_at", "id") WHERE "disabled_at" IS NULL;
CREATE INDEX "clients_unverified" ON "clients"("created_at", "id") WHERE "verified" = false;
CREATE INDEX "clients_self_registered" ON "clients"("created_at", "id") WHERE "source" IN ('dynamic', 'open');
