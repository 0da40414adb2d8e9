-- What is in these indexes is a part of the rows, which Prisma's models cannot say: administrators and auditors, people with and
-- without a second factor, those who wait for something. Without them, the few are looked for among all.
CREATE INDEX "accounts_of_role" ON "accounts"("role", "created_at", "id") WHERE "role" <> 'user';
CREATE INDEX "accounts_with_factor" ON "accounts"("created_at", "id") WHERE "second_factors" <> '';
CREATE INDEX "accounts_without_factor" ON "accounts"("created_at", "id") WHERE "second_factors" = '';
CREATE INDEX "accounts_with_passkey" ON "accounts"("created_at", "id") WHERE instr("second_factors", 'passkey') > 0;
CREATE INDEX "accounts_to_delete" ON "accounts"("deletion_at") WHERE "deletion_at" IS NOT NULL;
CREATE INDEX "accounts_unverified" ON "accounts"("created_at") WHERE "email" IS NULL AND "pending_email" IS NOT NULL;
CREATE INDEX "account_recoveries_open" ON "account_recoveries"("ready_at") WHERE "outcome" IS NULL;
CREATE INDEX "linked_identities_with_tokens" ON "linked_identities"("id") WHERE "sealed_tokens" IS NOT NULL;

-- What accounts are searched in, a line a name or address, the newest account with the highest number. Written by triggers, so that no
-- way of writing an account can leave it out; of accounts that were there before, by a job (src/accounts/search/backfill.ts), which
-- numbers them downwards from -1. Lines begin with a line feed: two letters behind one are the beginning of a name.
CREATE TABLE "account_search" (
    "id" INTEGER NOT NULL PRIMARY KEY,
    "account_id" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    CONSTRAINT "account_search_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "accounts" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "account_search_account_id_key" ON "account_search"("account_id");

-- Which three letters are in which text, and nothing else: the text is looked at again.
CREATE VIRTUAL TABLE "account_search_trigrams" USING fts5(
    text, content='account_search', content_rowid='id', tokenize='trigram', detail=none, columnsize=0
);

CREATE TRIGGER "account_search_of_new" AFTER INSERT ON "accounts" BEGIN
    INSERT INTO account_search (account_id, text) VALUES (NEW.id, lower(char(10) || NEW.username || char(10) || coalesce(NEW.email, '') || char(10) || coalesce(NEW.pending_email, '') || char(10) || coalesce(NEW.given_name, '') || char(10) || coalesce(NEW.family_name, '')));
END;
CREATE TRIGGER "account_search_of_changed" AFTER UPDATE OF "username", "email", "pending_email", "given_name", "family_name" ON "accounts" BEGIN
    UPDATE account_search SET text = lower(char(10) || NEW.username || char(10) || coalesce(NEW.email, '') || char(10) || coalesce(NEW.pending_email, '') || char(10) || coalesce(NEW.given_name, '') || char(10) || coalesce(NEW.family_name, ''))
    WHERE account_id = NEW.id AND text <> lower(char(10) || NEW.username || char(10) || coalesce(NEW.email, '') || char(10) || coalesce(NEW.pending_email, '') || char(10) || coalesce(NEW.given_name, '') || char(10) || coalesce(NEW.family_name, ''));
END;
CREATE TRIGGER "account_search_added" AFTER INSERT ON "account_search" BEGIN
    INSERT INTO account_search_trigrams (rowid, text) VALUES (NEW.id, NEW.text);
END;
CREATE TRIGGER "account_search_changed" AFTER UPDATE ON "account_search" BEGIN
    INSERT INTO account_search_trigrams (account_search_trigrams, rowid, text) VALUES ('delete', OLD.id, OLD.text);
    INSERT INTO account_search_trigrams (rowid, text) VALUES (NEW.id, NEW.text);
END;
CREATE TRIGGER "account_search_removed" AFTER DELETE ON "account_search" BEGIN
    INSERT INTO account_search_trigrams (account_search_trigrams, rowid, text) VALUES ('delete', OLD.id, OLD.text);
END;

-- How many people can sign in, and with what: kept beside the accounts, whose number the overview does not depend on.
CREATE TABLE "account_tallies" (
    "slot" INTEGER NOT NULL PRIMARY KEY,
    "people" INTEGER NOT NULL,
    "with_factor" INTEGER NOT NULL,
    "with_passkey" INTEGER NOT NULL
);
INSERT INTO "account_tallies" SELECT 0, count(*), count(CASE WHEN second_factors <> '' THEN 1 END),
    count(CASE WHEN instr(second_factors, 'passkey') > 0 THEN 1 END)
    FROM accounts WHERE disabled_at IS NULL AND email IS NOT NULL;
CREATE TRIGGER "account_tallies_of_new" AFTER INSERT ON "accounts" BEGIN
    UPDATE account_tallies SET
        people = people + (NEW.disabled_at IS NULL AND NEW.email IS NOT NULL),
        with_factor = with_factor + (NEW.disabled_at IS NULL AND NEW.email IS NOT NULL AND NEW.second_factors <> ''),
        with_passkey = with_passkey + (NEW.disabled_at IS NULL AND NEW.email IS NOT NULL AND instr(NEW.second_factors, 'passkey') > 0);
END;
CREATE TRIGGER "account_tallies_of_changed" AFTER UPDATE OF "disabled_at", "email", "second_factors" ON "accounts" BEGIN
    UPDATE account_tallies SET
        people = people + (NEW.disabled_at IS NULL AND NEW.email IS NOT NULL) - (OLD.disabled_at IS NULL AND OLD.email IS NOT NULL),
        with_factor = with_factor + (NEW.disabled_at IS NULL AND NEW.email IS NOT NULL AND NEW.second_factors <> '') - (OLD.disabled_at IS NULL AND OLD.email IS NOT NULL AND OLD.second_factors <> ''),
        with_passkey = with_passkey + (NEW.disabled_at IS NULL AND NEW.email IS NOT NULL AND instr(NEW.second_factors, 'passkey') > 0) - (OLD.disabled_at IS NULL AND OLD.email IS NOT NULL AND instr(OLD.second_factors, 'passkey') > 0);
END;
CREATE TRIGGER "account_tallies_of_removed" AFTER DELETE ON "accounts" BEGIN
    UPDATE account_tallies SET
        people = people - (OLD.disabled_at IS NULL AND OLD.email IS NOT NULL),
        with_factor = with_factor - (OLD.disabled_at IS NULL AND OLD.email IS NOT NULL AND OLD.second_factors <> ''),
        with_passkey = with_passkey - (OLD.disabled_at IS NULL AND OLD.email IS NOT NULL AND instr(OLD.second_factors, 'passkey') > 0);
END;

-- A picture that was uploaded goes with the last address of an account that names it.
CREATE TRIGGER "account_pictures_of_changed" AFTER UPDATE OF "picture" ON "accounts" BEGIN
    DELETE FROM account_pictures WHERE account_id = NEW.id
        AND substr(coalesce(NEW.picture, ''), -length('/pictures/' || id)) <> '/pictures/' || id;
END;
DELETE FROM account_pictures WHERE EXISTS (SELECT 1 FROM accounts WHERE accounts.id = account_pictures.account_id
    AND substr(coalesce(accounts.picture, ''), -length('/pictures/' || account_pictures.id)) <> '/pictures/' || account_pictures.id);
