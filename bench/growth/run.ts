/** `npm run bench -- growth`: what each page and flow costs in a database that is full, against one that is empty. */
import { latchkey } from '../../scripts/demo/command.ts'
import { createHttpBrowser } from '../../test/support/flow.ts'
import { startLatchkey } from '../latchkey.ts'
import { type DurablePostgres, startDurablePostgres } from '../postgres.ts'
import { type Target, user } from '../target.ts'
import { clientOf, mintChains } from '../tokens.ts'
import { fillPostgres } from './fill-postgres.ts'
import { fillSqlite } from './fill-sqlite.ts'
import { type Cost, measure, page } from './measure.ts'
import { FULL, type Size, scaled } from './size.ts'

/** The client with a fifth of all Grants. */
const LARGEST = `lk_${'1'.padStart(32, '0')}`

const say = (text: string) => process.stderr.write(text)

type Requests = Map<string, () => Promise<unknown>>

async function requestsOf(target: Target, size: Size): Promise<Requests> {
  const { issuer } = target.server
  const browser = createHttpBrowser()
  const login = await browser.open(`${issuer}/login?return_to=/account`)
  await browser.signIn(login, user)
  const client = clientOf(target, 'ES256')
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
    ['code flow, signed in', () => mintChains(target, client, 1).then(() => undefined)],
    ['/account', page(browser, `${issuer}/account`)],
    ['overview', page(browser, `${issuer}/admin`)],
    ['users', page(browser, `${issuer}/admin/users`)],
    ['users, administrators', page(browser, `${issuer}/admin/users?role=admin`)],
    ['users with a passkey', page(browser, `${issuer}/admin/users?second_factor=passkey`)],
    ['search: a whole address', search(`emma.koch.${middle}@mail${middle % 7}.example`)],
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

/** What is there in a full database alone: the largest client. */
async function removalOf(target: Target): Promise<Map<string, Cost>> {
  const { issuer } = target.server
  const browser = createHttpBrowser()
  await browser.signIn(await browser.open(`${issuer}/login?return_to=/account`), user)
  const address = `${issuer}/admin/clients/${LARGEST}/delete`
  const costs = new Map([
    ['removal page of the largest client', await measure(target, page(browser, address))],
  ])
  const form = await browser.open(address)
  const remove = async () => {
    const done = await browser.submit(form, { name: 'Client 1' })
    if (!done.text.includes('is deleted'))
      throw new Error(`not removed: ${done.status} ${done.text.slice(0, 300)}`)
  }
  costs.set('removal of the largest client', await measure(target, remove, 1))
  return costs
}

async function run(
  name: string,
  engine: keyof typeof FULL,
  scale: number,
  postgres?: DurablePostgres,
): Promise<void> {
  const size = scaled(FULL[engine], scale)
  const target = await startLatchkey(name, postgres)
  try {
    const env = { ...process.env, ...target.env }
    const { status, stderr } = await latchkey(env, ['users', 'set-role', user.identifier, 'admin'])
    if (status !== 0) throw new Error(stderr)
    say(`${name}, empty `)
    const empty = await measureAll(target, size)
    say(`\n${name}: ${JSON.stringify(size)} … `)
    const began = performance.now()
    if (postgres === undefined) fillSqlite(target.env?.DATA_DIR ?? '', size)
    else await fillPostgres(postgres.url, size)
    say(`filled in ${Math.round((performance.now() - began) / 1000)} s\n${name}, full `)
    await target.restart()
    const full = await measureAll(target, size)
    const removal = await removalOf(target)
    say('\n')
    const ms = (value: number) => `${value.toFixed(value < 10 ? 1 : 0)} ms`
    const cell = (cost: Cost | undefined) => (cost === undefined ? '' : `${ms(cost.time)} (${ms(cost.wait)})`)
    const rows = [...full, ...removal].map(
      ([what, cost]) => `| ${what} | ${cell(empty.get(what))} | ${cell(cost)} |`,
    )
    const { accounts, artifacts, clients } = size
    const filled = [accounts, artifacts, clients].map((count) => count.toLocaleString('en-GB'))
    console.log(
      [
        `\n| ${name} | empty | ${filled[0]} accounts, ${filled[1]} artefacts, ${filled[2]} clients |`,
        '| --- | --: | --: |',
        ...rows,
      ].join('\n'),
    )
  } finally {
    await target.stop()
  }
}

async function measureAll(target: Target, size: Size): Promise<Map<string, Cost>> {
  const costs = new Map<string, Cost>()
  for (const [name, request] of await requestsOf(target, size)) {
    await request()
    costs.set(name, await measure(target, request))
    say('.')
  }
  return costs
}

/** @param scale 1: the sizes of the README */
export async function growth({ scale, postgres }: { scale: number; postgres: boolean }): Promise<void> {
  await run('SQLite', 'sqlite', scale)
  if (!postgres) return
  const server = await startDurablePostgres()
  try {
    await run('PostgreSQL', 'postgresql', scale, server)
  } finally {
    await server.stop()
  }
}
