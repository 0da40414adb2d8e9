import pg from 'pg'
import { FIRST_NAMES, LAST_NAMES, type Size } from './size.ts'

/** Fills the database of a server; SQL makes every row. */
export async function fillPostgres(url: string, size: Size): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  const list = (names: readonly string[]) => `(ARRAY[${names.map((name) => `'${name}'`).join(', ')}])`
  const first = `${list(FIRST_NAMES)}[n::bigint * 7919 % ${FIRST_NAMES.length} + 1]`
  const last = `${list(LAST_NAMES)}[n / 3 % ${LAST_NAMES.length} + 1]`
  const name = `${first} || '.' || ${last} || '.' || n`
  try {
    await client.query(
      "SET synchronous_commit = off; SET maintenance_work_mem = '512MB'; SET work_mem = '256MB'",
    )
    await client.query(`
      INSERT INTO accounts (id, username, display_username, email, given_name, family_name, auth_valid_after, created_at, updated_at)
      SELECT 'fill' || lpad(n::text, 8, '0') || '-0000-4000-8000-000000000000', ${name}, ${name}, ${name} || '@mail' || n % 7 || '.example',
        ${first}, ${last}, '2020-01-01', timestamp '2020-01-01' + n * interval '1 minute', '2020-01-01'
      FROM generate_series(1, ${size.accounts}) AS n`)
    await client.query(`
      INSERT INTO clients (id, name, metadata, source, verified, created_at, updated_at)
      SELECT 'lk_' || lpad(n::text, 32, '0'), 'Client ' || n,
        json_build_object('client_name', 'Client ' || n, 'redirect_uris', json_build_array('https://app' || n || '.example/callback'),
          'grant_types', json_build_array('authorization_code', 'refresh_token'), 'response_types', json_build_array('code'),
          'token_endpoint_auth_method', 'client_secret_basic', 'scope', 'openid profile email offline_access',
          'application_type', 'web')::text,
        CASE n % 10 WHEN 0 THEN 'open' ELSE 'administrator' END, n % 10 > 0, timestamp '2020-01-01' + n * interval '1 minute', '2020-01-01'
      FROM generate_series(1, ${size.clients}) AS n`)
    await client.query(`
      INSERT INTO artifacts (model, id_hash, payload, grant_id, uid, account_id, client_id, expires_at, created_at)
      SELECT (ARRAY['Session', 'Grant', 'Consent', 'AccessToken', 'RefreshToken'])[n % 5 + 1],
        md5(n::text || 'fill') || lpad(n::text, 11, '0'),
        '{"accountId":"fill","kind":"AccessToken","iat":1577836800,"exp":4000000000,"scope":"openid profile email","claims":{},"sid":"' || n ||
          '","gty":"authorization_code","expiresWithSession":true,"sessionUid":"${'u'.repeat(43)}"}',
        CASE WHEN n % 5 IN (1, 3, 4) THEN 'grant' || lpad((n / 5)::text, 38, '0') END,
        CASE WHEN n % 5 = 0 THEN 'uid' || lpad(n::text, 40, '0') END,
        'fill' || lpad((n / 5 % ${size.accounts} + 1)::text, 8, '0') || '-0000-4000-8000-000000000000',
        CASE WHEN n % 5 > 0 THEN 'lk_' || lpad((CASE WHEN n / 5 % 5 = 0 THEN 1 ELSE n / 5 % ${size.clients} + 1 END)::text, 32, '0') END,
        CASE WHEN n % 5 = 2 THEN NULL ELSE 4000000000 + n END, 1577836800000 + n
      FROM generate_series(0, ${size.artifacts} - 1) AS n`)
    for (const table of ['accounts', 'account_search', 'clients', 'artifacts'])
      await client.query(`VACUUM ANALYZE ${table}`)
  } finally {
    await client.end()
  }
}
