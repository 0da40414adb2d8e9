-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "attributes" TEXT;

-- Which account has which value, in lower case, and its first two hundred characters: people are found by it along the primary key, the
-- newest first. Written by triggers, so that no way of writing an account can leave it out.
CREATE TABLE "account_attributes" (
    "attribute" TEXT NOT NULL,
    "value" TEXT NOT NULL,
    "created_at" TIMESTAMP(3) NOT NULL,
    "account_id" TEXT NOT NULL,

    CONSTRAINT "account_attributes_pkey" PRIMARY KEY ("attribute", "value", "created_at", "account_id"),
    CONSTRAINT "account_attributes_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts"("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE INDEX "account_attributes_account_id_idx" ON "account_attributes"("account_id");
CREATE FUNCTION account_attributes_write() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM account_attributes WHERE account_id = NEW.id;
    END IF;
    INSERT INTO account_attributes (attribute, value, created_at, account_id)
    SELECT a.key, lower(left(v.value, 200)), NEW.created_at, NEW.id
    FROM json_each(coalesce(NEW.attributes, '{}')::json) a, json_array_elements_text(a.value) AS v(value)
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
CREATE TRIGGER "account_attributes_of_new" AFTER INSERT ON "accounts"
    FOR EACH ROW WHEN (NEW.attributes IS NOT NULL) EXECUTE FUNCTION account_attributes_write();
CREATE TRIGGER "account_attributes_of_changed" AFTER UPDATE OF "attributes" ON "accounts"
    FOR EACH ROW WHEN (OLD.attributes IS DISTINCT FROM NEW.attributes) EXECUTE FUNCTION account_attributes_write();
