/** `npm run bench -- growth`: what each page and flow costs in a database that is full, against one that is empty, in turns. */
import { latchkey } from '../../scripts/demo/command.ts'
import { createHttpBrowser } from '../../test/support/flow.ts'
import { startLatchkey } from '../latchkey.ts'
import { type DurablePostgres, startDurablePostgres } from '../postgres.ts'
import { REDIRECT_URI, SCOPE, type Target, user } from '../target.ts'
import { clientOf, mintChains, relyingParty } from '../tokens.ts'
import { fillPostgres } from './fill-postgres.ts'
import { fillSqlite } from './fill-sqlite.ts'
import { type Compared, compare, measure, page } from './measure.ts'
import { FULL, nameOf, type Size, scaled } from './size.ts'

/** The client with a fifth of all Grants. */
const LARGEST = `lk_${'1'.padStart(32, '0')}`

const say = (text: string) => process.stderr.write(text)

type Requests = Map<string, () => Promise<unknown>>

async function requestsOf(target: Target, size: Size): Promise<Requests> {
  const { issuer } = target.server
  const browser = createHttpBrowser({ stopAt: [REDIRECT_URI] })
  const login = await browser.open(`${issuer}/login?return_to=/account`)
  await browser.signIn(login, user)
  const client = clientOf(target, 'ES256')
  const party = await relyingParty(target, client)
  const [chain] = await mintChains(target, client, 1)
  if (chain === undefined) throw new Error('no tokens')
  let { refreshToken } = chain
  const token = async (body: Record<string, string>) => {
    const response = await fetch(`${issuer}/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
      body: new URLSearchParams(body),
    })
    const json = (await response.json()) as Record<string, string>
    if (!response.ok) throw new Error(JSON.stringify(json))
    return json
  }
  const middle = Math.floor(size.accounts / 2)
  const search = (text: string) => page(browser, `${issuer}/admin/users?search=${encodeURIComponent(text)}`)
  return new Map<string, () => Promise<unknown>>([
    [
      'refresh',
      async () => {
        refreshToken =
          (await token({ grant_type: 'refresh_token', refresh_token: refreshToken })).refresh_token ??
          refreshToken
      },
    ],
    [
      'code flow, signed in',
      async () => {
        const request = await party.authorize({ scope: SCOPE })
        await party.callback((await browser.open(request.url)).url, request)
      },
    ],
    ['sign-in by password, and tokens', () => mintChains(target, client, 1)],
    ['/account', page(browser, `${issuer}/account`)],
    ['overview', page(browser, `${issuer}/admin`)],
    ['users', page(browser, `${issuer}/admin/users`)],
    ['users, administrators', page(browser, `${issuer}/admin/users?role=admin`)],
    ['users with a passkey', page(browser, `${issuer}/admin/users?second_factor=passkey`)],
    ['search: a whole address', search(`${nameOf(middle)}@mail${middle % 7}.example`)],
    ['search: an address that nobody has', search(`emma.nobody.${middle}@mail${middle % 7}.example`)],
    ['search: a part, the oldest account', search('.1@mail1')],
    ['search: a part that nobody has', search('emma.nobody@mail3')],
    ['search: a part that many have', search('schmidt')],
    ['search: two letters', search('em')],
    ['clients', page(browser, `${issuer}/admin/clients`)],
    ['search: a client', page(browser, `${issuer}/admin/clients?q=app7.example`)],
    ['configuration', page(browser, `${issuer}/admin/configuration`)],
    ['audit log, a text', page(browser, `${issuer}/admin/audit?text=nowhere`)],
  ])
}

const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`

/** What is there in a full database alone: the largest client. @returns rows of the table */
async function removalOf(target: Target): Promise<string[]> {
  const { issuer } = target.server
  const browser = createHttpBrowser()
  await browser.signIn(await browser.open(`${issuer}/login?return_to=/account`), user)
  const address = `${issuer}/admin/clients/${LARGEST}/delete`
  const shown = await measure(target, page(browser, address))
  const form = await browser.open(address)
  const remove = async () => {
    const done = await browser.submit(form, { name: 'Client 1' })
    if (!done.text.includes('is deleted'))
      throw new Error(`not removed: ${done.status} ${done.text.slice(0, 300)}`)
  }
  const removed = await measure(target, remove, 1)
  return [
    `| removal page of the largest client | | ${ms(shown.time)} | | ${ms(shown.wait)} |`,
    `| removal of the largest client | | ${ms(removed.time)} | | ${ms(removed.wait)} |`,
  ]
}

async function startWithAdministrator(name: string, postgres?: DurablePostgres): Promise<Target> {
  const target = await startLatchkey(name, postgres)
  const env = { ...process.env, ...target.env }
  const { status, stderr } = await latchkey(env, ['users', 'set-role', user.identifier, 'admin'])
  if (status === 0) return target
  await target.stop()
  throw new Error(stderr)
}

/** @param servers on PostgreSQL: one for each database */
async function run(
  name: string,
  engine: keyof typeof FULL,
  scale: number,
  servers?: { empty: DurablePostgres; full: DurablePostgres },
): Promise<void> {
  const size = scaled(FULL[engine], scale)
  const targets: Target[] = []
  const start = async (postgres?: DurablePostgres) => {
    const target = await startWithAdministrator(name, postgres)
    targets.push(target)
    return target
  }
  try {
    const full = await start(servers?.full)
    say(`${name}: ${JSON.stringify(size)} … `)
    const began = performance.now()
    if (servers === undefined) fillSqlite(full.env?.DATA_DIR ?? '', size)
    else await fillPostgres(servers.full.url, size)
    say(`filled in ${Math.round((performance.now() - began) / 1000)} s `)
    await full.restart()
    const empty = await start(servers?.empty)
    const rows = await rowsOf(empty, full, size)
    rows.push(...(await removalOf(full)))
    say('\n')
    const { accounts, artifacts, clients } = size
    const filled = [accounts, artifacts, clients].map((count) => count.toLocaleString('en-GB'))
    const head = `${filled[0]} accounts, ${filled[1]} artefacts, ${filled[2]} clients`
    console.log(
      [
        `\n| ${name} | empty | ${head} | ratio | longest wait |`,
        '| --- | --: | --: | --: | --: |',
        ...rows,
      ].join('\n'),
    )
  } finally {
    for (const target of targets) await target.stop()
  }
}

async function rowsOf(empty: Target, full: Target, size: Size): Promise<string[]> {
  const ofEmpty = await requestsOf(empty, size)
  const rows: string[] = []
  for (const [name, request] of await requestsOf(full, size)) {
    const same = ofEmpty.get(name)
    if (same === undefined) throw new Error(`nothing to compare ${name} with`)
    const compared = await compare(same, request)
    const { wait } = await measure(full, request)
    rows.push(`| ${name} | ${cellsOf(compared)} | ${ms(wait)} |`)
    say('.')
  }
  return rows
}

const cellsOf = ({ empty, full, ratio }: Compared): string => {
  const [middle, low, high] = [ratio.median, ratio.low, ratio.high].map((value) => value.toFixed(2))
  return `${ms(empty)} | ${ms(full)} | ${middle} (${low}–${high})`
}

/** @param scale 1: the sizes of the README */
export async function growth({ scale, postgres }: { scale: number; postgres: boolean }): Promise<void> {
  await run('SQLite', 'sqlite', scale)
  if (!postgres) return
  const empty = await startDurablePostgres()
  try {
    const full = await startDurablePostgres()
    try {
      await run('PostgreSQL', 'postgresql', scale, { empty, full })
    } finally {
      await full.stop()
    }
  } finally {
    await empty.stop()
  }
}
