/** `npm run bench -- memberships`: what groups cost a sign-in, userinfo and the pages, with a million memberships against none. */
import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import pg from 'pg'
import { latchkey, latchkeyJson } from '../../scripts/demo/command.ts'
import { createHttpBrowser } from '../../test/support/flow.ts'
import { startLatchkey } from '../latchkey.ts'
import { type DurablePostgres, startDurablePostgres } from '../postgres.ts'
import { clientMetadata, REDIRECT_URI, type Target, user } from '../target.ts'
import { relyingParty } from '../tokens.ts'
import { fillPostgres } from './fill-postgres.ts'
import { fillSqlite } from './fill-sqlite.ts'
import { type Cost, measure, page } from './measure.ts'

const GROUPS = 10_000
const MEMBERSHIPS = 1_000_000
/** Each is in the largest group, and in nine others. */
const ACCOUNTS = MEMBERSHIPS / 10
const SCOPE = 'openid profile email offline_access groups'
/** The user who is measured is in so many. */
const OWN = 20

const say = (text: string) => process.stderr.write(text)

/** One for which an engine is asked: how a group, an account and a moment are written. */
interface Dialect {
  rows(name: string, count: number): string
  id(n: string): string
  account(n: string): string
  moment(n: string): string
}

const sqlite: Dialect = {
  rows: (name, count) =>
    `(WITH RECURSIVE list(${name}) AS (SELECT 0 UNION ALL SELECT ${name} + 1 FROM list WHERE ${name} < ${count} - 1) SELECT ${name} FROM list)`,
  id: (n) => `printf('%08x-0000-4000-8000-000000000000', ${n})`,
  account: (n) => `printf('fill%08d-0000-4000-8000-000000000000', ${n} + 1)`,
  moment: (n) => `strftime('%Y-%m-%dT%H:%M:%f+00:00', '2020-01-01', (${n}) || ' seconds')`,
}
const postgresql: Dialect = {
  rows: (name, count) => `(SELECT generate_series(0, ${count} - 1) AS ${name})`,
  id: (n) => `lpad(to_hex(${n}), 8, '0') || '-0000-4000-8000-000000000000'`,
  account: (n) => `'fill' || lpad((${n} + 1)::text, 8, '0') || '-0000-4000-8000-000000000000'`,
  moment: (n) => `timestamp '2020-01-01' + (${n}) * interval '1 second'`,
}

/** Groups; each account in the largest and in nine others; the user who is measured in some. */
const statements = ({ rows, id, account, moment }: Dialect, userId: string): string[] => [
  `INSERT INTO groups (id, name, name_key, created_at)
    SELECT ${id('n')}, 'Group ' || n, 'group ' || n, ${moment('n')} FROM ${rows('n', GROUPS)} AS numbers`,
  `INSERT INTO group_members (group_id, account_id, created_at)
    SELECT CASE n % 10 WHEN 0 THEN ${id('0')} ELSE ${id(`1 + n / 10 * 9 % ${GROUPS - 1} + n % 10 - 1`)} END,
      ${account('n / 10')}, ${moment('n')} FROM ${rows('n', MEMBERSHIPS)} AS numbers
    WHERE n % 10 = 0 OR 1 + n / 10 * 9 % ${GROUPS - 1} + n % 10 - 1 < ${GROUPS}`,
  `INSERT INTO group_members (group_id, account_id, created_at)
    SELECT ${id('n * 7')}, '${userId}', ${moment('n')} FROM ${rows('n', OWN)} AS numbers`,
]

async function fill(target: Target, userId: string, postgres?: DurablePostgres): Promise<number> {
  const size = { accounts: ACCOUNTS, artifacts: 500, clients: 10 }
  if (postgres === undefined) {
    const dataDir = target.env?.DATA_DIR ?? ''
    fillSqlite(dataDir, size)
    const db = new BetterSqlite3(join(dataDir, 'latchkey.db'))
    db.pragma('synchronous = OFF')
    for (const sql of statements(sqlite, userId)) db.exec(sql)
    const count = db.prepare('SELECT COUNT(*) FROM group_members').pluck().get() as number
    db.close()
    return count
  }
  await fillPostgres(postgres.url, size)
  const client = new pg.Client({ connectionString: postgres.url })
  await client.connect()
  try {
    for (const sql of statements(postgresql, userId)) await client.query(sql)
    for (const table of ['groups', 'group_members']) await client.query(`VACUUM ANALYZE ${table}`)
    const { rows } = await client.query<{ count: string }>('SELECT COUNT(*) AS count FROM group_members')
    return Number(rows[0]?.count)
  } finally {
    await client.end()
  }
}

interface Known {
  userId: string
  groupId: string
  client: { id: string; secret: string; alg: 'ES256' }
}

async function prepare({ env = process.env }: Target): Promise<Known> {
  const { status, stderr } = await latchkey(env, ['users', 'set-role', user.identifier, 'admin'])
  if (status !== 0) throw new Error(stderr)
  const { id: userId } = (await latchkeyJson(env, ['users', 'show', user.identifier])) as { id: string }
  const made = (await latchkeyJson(env, ['groups', 'create', '--name', 'Small'])) as { id: string }
  await latchkeyJson(env, ['groups', 'add-member', 'Small', user.identifier])
  const { redirect_uris, grant_types } = clientMetadata('ES256')
  const { client_id: id, client_secret: secret } = (await latchkeyJson(env, [
    ...[
      'clients',
      'create',
      '--name',
      'Groups',
      '--scope',
      SCOPE,
      '--first-party',
      '--id-token-alg',
      'ES256',
    ],
    ...redirect_uris.flatMap((uri) => ['--redirect-uri', uri]),
    ...grant_types.flatMap((grant) => ['--grant', grant]),
  ])) as { client_id: string; client_secret: string }
  return { userId, groupId: made.id, client: { id, secret, alg: 'ES256' } }
}

/** @param group whose page is asked for */
async function costs(target: Target, { userId, client }: Known, group: string): Promise<Map<string, Cost>> {
  const { issuer } = target.server
  const browser = createHttpBrowser({ stopAt: [REDIRECT_URI] })
  await browser.signIn(await browser.open(`${issuer}/login?return_to=/account`), user)
  const party = await relyingParty(target, client)
  const flow = async (by = browser) => {
    const request = await party.authorize({ scope: SCOPE })
    let answer = await by.open(request.url)
    if (!answer.left) answer = await by.signIn(answer, user)
    if (!answer.left) answer = await by.allow(answer)
    return party.callback(answer.url, request)
  }
  let { access_token, refresh_token = '' } = await flow()
  const requests: Record<string, () => Promise<unknown>> = {
    'sign-in with a password, and tokens': () => flow(createHttpBrowser({ stopAt: [REDIRECT_URI] })),
    'code flow, signed in': () => flow(),
    async refresh() {
      const tokens = await party.refresh(refresh_token)
      access_token = tokens.access_token
      refresh_token = tokens.refresh_token ?? refresh_token
    },
    async userinfo() {
      const headers = { authorization: `Bearer ${access_token}` }
      const response = await fetch(`${issuer}/userinfo`, { headers })
      const { groups } = (await response.json()) as { groups?: string[] }
      if (!groups?.length) throw new Error('userinfo tells of no group')
    },
    groups: page(browser, `${issuer}/admin/groups`),
    'page of a group': page(browser, `${issuer}/admin/groups/${group}`),
    'page of a user': page(browser, `${issuer}/admin/users/${userId}`),
    '/account/groups': page(browser, `${issuer}/account/groups`),
  }
  const measured = new Map<string, Cost>()
  for (const [name, request] of Object.entries(requests)) {
    await request()
    measured.set(name, await measure(target, request))
    say('.')
  }
  return measured
}

async function run(name: string, postgres?: DurablePostgres): Promise<void> {
  const target = await startLatchkey(name, postgres)
  try {
    const known = await prepare(target)
    say(`${name}, one group `)
    const empty = await costs(target, known, known.groupId)
    say(`\n${name}: filling … `)
    const count = await fill(target, known.userId, postgres)
    await target.restart()
    const full = await costs(target, known, '00000000-0000-4000-8000-000000000000')
    say('\n')
    const cell = (cost: Cost | undefined) =>
      cost === undefined ? '' : `${cost.time.toFixed(1)} ms (${cost.wait.toFixed(1)} ms)`
    console.log(
      [
        `\n| ${name} | one membership | ${count.toLocaleString('en-GB')} memberships in ${GROUPS.toLocaleString('en-GB')} groups |`,
        '| --- | --: | --: |',
        ...[...full].map(([what, cost]) => `| ${what} | ${cell(empty.get(what))} | ${cell(cost)} |`),
      ].join('\n'),
    )
  } finally {
    await target.stop()
  }
}

export async function memberships({ postgres }: { postgres: boolean }): Promise<void> {
  await run('SQLite')
  if (!postgres) return
  const server = await startDurablePostgres()
  try {
    await run('PostgreSQL', server)
  } finally {
    await server.stop()
  }
}
