-- The time of its last change is the version of an account, which a conditional change compares (RFC 9110 §13.1.1): each change makes a
-- later one, also in the same millisecond, or when the clock was set back. By a trigger, so that no way of writing an account can leave it out.
CREATE FUNCTION accounts_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := OLD.updated_at + INTERVAL '1 millisecond';
    RETURN NEW;
END
$$;
CREATE TRIGGER "accounts_version" BEFORE UPDATE OF "updated_at" ON "accounts"
    FOR EACH ROW WHEN (NEW.updated_at <= OLD.updated_at) EXECUTE FUNCTION accounts_version();
