-- The list of accounts by their last sign-in; who has never signed in stands before all others. By name it runs along the unique index.
CREATE INDEX "accounts_by_last_sign_in" ON "accounts"(COALESCE("last_sign_in_at", ''), "id");
