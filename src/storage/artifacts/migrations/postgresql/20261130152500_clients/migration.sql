-- What a client has: its Grants, and what hangs on none. Tokens of people are not in it, and are found by their Grant, whose
-- row names itself in grant_id from now on: an exchange pays for one entry more, a refresh for none.
CREATE INDEX artifacts_client ON artifacts (client_id, model)
    WHERE client_id IS NOT NULL AND (grant_id IS NULL OR model = 'Grant');
