-- The time of its last change is the version of an account, which a conditional change compares (RFC 9110 §13.1.1): each change makes a
-- later one, also in the same millisecond, or when the clock was set back. By a trigger, so that no way of writing an account can leave it out.
CREATE TRIGGER "accounts_version" AFTER UPDATE OF "updated_at" ON "accounts" WHEN NEW.updated_at <= OLD.updated_at BEGIN
    UPDATE accounts SET updated_at = strftime('%Y-%m-%dT%H:%M:%f+00:00', OLD.updated_at, '+0.001 seconds') WHERE id = NEW.id;
END;
