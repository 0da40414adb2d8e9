import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { FIRST_NAMES, LAST_NAMES, type Size } from './size.ts'

/** Fills the two files of a stopped server; SQL makes every row, so that a million takes a minute. */
export function fillSqlite(dataDir: string, size: Size): void {
  const main = new BetterSqlite3(join(dataDir, 'latchkey.db'))
  main.pragma('synchronous = OFF')
  main.pragma('cache_size = -262144')
  main.exec(`
    CREATE TEMP TABLE first_names AS SELECT key AS n, value AS name FROM json_each('${JSON.stringify(FIRST_NAMES)}');
    CREATE TEMP TABLE last_names AS SELECT key AS n, value AS name FROM json_each('${JSON.stringify(LAST_NAMES)}');
    BEGIN;
    WITH RECURSIVE list(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM list WHERE n < ${size.accounts})
    INSERT INTO accounts (id, username, display_username, email, given_name, family_name, auth_valid_after, created_at, updated_at)
    SELECT printf('fill%08d-0000-4000-8000-000000000000', list.n), f.name || '.' || l.name || '.' || list.n,
      f.name || '.' || l.name || '.' || list.n, f.name || '.' || l.name || '.' || list.n || '@mail' || (list.n % 7) || '.example',
      f.name, l.name, '2020-01-01T00:00:00.000+00:00',
      strftime('%Y-%m-%dT%H:%M:%f+00:00', '2020-01-01', (list.n * 60) || ' seconds'), '2020-01-01T00:00:00.000+00:00'
    FROM list JOIN first_names f ON f.n = list.n * 7919 % ${FIRST_NAMES.length}
      JOIN last_names l ON l.n = list.n / 3 % ${LAST_NAMES.length};
    WITH RECURSIVE list(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM list WHERE n < ${size.clients})
    INSERT INTO clients (id, name, metadata, source, verified, created_at, updated_at)
    SELECT printf('lk_%032d', n), 'Client ' || n, '${metadata("' || n || '")}', CASE n % 10 WHEN 0 THEN 'open' ELSE 'administrator' END,
      n % 10 > 0, strftime('%Y-%m-%dT%H:%M:%f+00:00', '2020-01-01', (n * 60) || ' seconds'), '2020-01-01T00:00:00.000+00:00' FROM list;
    COMMIT;`)
  main.close()

  const artifacts = new BetterSqlite3(join(dataDir, 'artifacts.db'))
  artifacts.pragma('synchronous = OFF')
  artifacts.pragma('cache_size = -524288')
  artifacts.exec(`
    BEGIN;
    WITH RECURSIVE list(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM list WHERE n < ${size.artifacts} - 1)
    INSERT INTO artifacts (model, id_hash, payload, grant_id, uid, account_id, client_id, expires_at, created_at)
    SELECT CASE n % 5 WHEN 0 THEN 'Session' WHEN 1 THEN 'Grant' WHEN 2 THEN 'Consent' WHEN 3 THEN 'AccessToken' ELSE 'RefreshToken' END,
      lower(hex(randomblob(16))) || printf('%011d', n), '${payload("' || n || '")}',
      CASE WHEN n % 5 IN (1, 3, 4) THEN printf('grant%038d', n / 5) END, CASE WHEN n % 5 = 0 THEN printf('uid%040d', n) END,
      printf('fill%08d-0000-4000-8000-000000000000', n / 5 % ${size.accounts} + 1),
      CASE WHEN n % 5 > 0 THEN printf('lk_%032d', CASE WHEN n / 5 % 5 = 0 THEN 1 ELSE n / 5 % ${size.clients} + 1 END) END,
      CASE WHEN n % 5 = 2 THEN NULL ELSE 4000000000 + n END, 1577836800000 + n FROM list;
    COMMIT;`)
  artifacts.close()
}

/** As much as the row of a token or a client has. @param n SQL that ends the text, adds a number, and goes on */
const payload = (n: string): string =>
  `{"accountId":"fill","kind":"AccessToken","iat":1577836800,"exp":4000000000,"scope":"openid profile email","claims":{},"sid":"${n}","gty":"authorization_code","expiresWithSession":true,"sessionUid":"${'u'.repeat(43)}"}`
const metadata = (n: string): string =>
  `{"client_name":"Client ${n}","redirect_uris":["https://app${n}.example/callback"],"grant_types":["authorization_code","refresh_token"],"response_types":["code"],"token_endpoint_auth_method":"client_secret_basic","scope":"openid profile email offline_access","application_type":"web"}`
