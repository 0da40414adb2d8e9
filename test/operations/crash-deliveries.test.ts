import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { afterThisFile } from '../support/cleanup.ts'
import { eventually } from '../support/eventually.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { readOutbox } from '../support/mailbox.ts'
import { freePort } from '../support/ports.ts'
import { freshDatabase, startPostgres } from '../support/postgres.ts'
import { discover } from '../support/relying-party.ts'
import { type Received, startReceiver } from '../support/webhook-receiver.ts'
import { withServices } from './installation.ts'
import { startServer } from './server-process.ts'

/** How often the server is killed on each engine; a hundred times to be sure: CRASHES=100. */
const rounds = process.env.CRASHES === undefined ? undefined : Number(process.env.CRASHES)
const CRASHES = { sqlite: rounds ?? 6, postgresql: rounds ?? 4 } as const

/** Milliseconds that a run may take on a machine with other things to do. */
const patience = (rounds: number): number => 240_000 + rounds * 15_000

const WORKERS = 4

/** What has no answer any more: the server is gone. */
const orGone = <Result>(work: Promise<Result>): Promise<Result | undefined> => work.catch(() => undefined)

async function crash({ rounds, database }: { rounds: number; database?: string }): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-crash-deliveries-'))
  afterThisFile(() => rmSync(dataDir, { recursive: true, force: true }))
  const env = {
    DATA_DIR: dataDir,
    HOST: '127.0.0.1',
    PORT: String(await freePort()),
    RATE_LIMIT: 'off',
    ...(database && { DATABASE_URL: database }),
  }
  const receiver = await startReceiver()
  const people = Array.from({ length: rounds }, (_, round) => `person${round}@example.com`)
  const { secret, client } = await withServices(env, async ({ accounts, clients, webhooks }) => {
    for (const email of people)
      await accounts.createByAdmin({
        username: email.split('@')[0] ?? '',
        email,
        verified: true,
        password: PASSWORD,
      })
    const made = await clients.create({
      client_name: 'Load',
      grant_types: ['client_credentials'],
      scope: 'admin:write',
    })
    return { ...(await webhooks.create({ url: receiver.url, events: ['group.created'] })), client: made }
  })

  const acknowledged: string[] = []
  const asked: string[] = []
  let cutOff = 0
  let server = await startServer(env)
  try {
    for (let round = 0; round < rounds; round++) {
      const { issuer } = server
      const party = await discover({
        issuer,
        clientId: client.client_id,
        auth: { method: 'client_secret_basic', secret: String(client.client_secret) },
      })
      const token = (await party.clientCredentials({ scope: 'admin:write' })).access_token
      let up = true
      const enough = 10 + Math.floor(Math.random() * 50)
      const reached = Promise.withResolvers<void>()
      let answers = 0
      const post = (path: string, body: object, headers = {}) =>
        orGone(
          fetch(`${issuer}${path}`, {
            method: 'POST',
            headers: { 'content-type': 'application/json', ...headers },
            body: JSON.stringify(body),
          }),
        )
      const worker = async (number: number) => {
        for (let turn = 0; up; turn++) {
          const name = `Group ${round}-${number}-${turn}`
          const response = await post('/api/admin/groups', { name }, { authorization: `Bearer ${token}` })
          if (response?.status === 201) acknowledged.push(name)
          else if (response === undefined) cutOff += 1
          else throw new Error(`${response.status} ${await response.text()}`)
          if (++answers === enough) reached.resolve()
        }
      }
      const load = Promise.all(Array.from({ length: WORKERS }, (_, number) => worker(number)))
      const person = people[round] ?? ''
      const forgot = post('/api/auth/forgot-password', { email: person })
      await Promise.race([reached.promise, load])
      if ((await forgot)?.status === 202) asked.push(person)
      // Receivers fail as well, now and then.
      receiver.answer = { status: Math.random() < 0.2 ? 503 : 204 }
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 30))
      const gone = server.kill()
      up = false
      await Promise.all([gone, load])
      expect(server.stdout.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
      server = await startServer(env)
    }

    receiver.answer = { status: 204 }
    const namesOf = (received: readonly Received[]) =>
      new Set(received.map(({ event }) => (event.data.group as { name: string }).name))
    await eventually(() => {
      const arrived = namesOf(receiver.received)
      expect(acknowledged.filter((name) => !arrived.has(name))).toEqual([])
    }, 120_000)
    await eventually(async () => {
      const told = new Set((await readOutbox(join(dataDir, 'outbox'))).map(({ to }) => to))
      expect(asked.filter((email) => !told.has(email))).toEqual([])
    }, 60_000)

    // One id, one event, each signed by the one secret.
    const verifier = new Webhook(secret)
    const idsOf = Map.groupBy(receiver.received, ({ headers }) => headers['webhook-id'] ?? '')
    for (const [id, all] of idsOf) {
      expect(new Set(all.map(({ body }) => body)).size, id).toBe(1)
      expect(all[0]?.event.id).toBe(id)
    }
    for (const { body, headers } of receiver.received.slice(-50)) verifier.verify(body, headers)
    expect(namesOf(receiver.received).size).toBe(idsOf.size)
    console.log(`${rounds} kills:`, {
      acknowledged: acknowledged.length,
      arrived: idsOf.size,
      twice: receiver.received.length - idsOf.size,
      cutOff,
      mails: asked.length,
    })
    expect(acknowledged.length).toBeGreaterThan(rounds * 5)
    expect(asked.length).toBeGreaterThan(0)
    // A kill between requests would prove nothing.
    expect(cutOff).toBeGreaterThan(rounds)
  } finally {
    await server.kill()
  }
}

const TITLE = 'while events flow, no acknowledged one is lost, and none comes under another’s id'

test(`SQLite: killed ${CRASHES.sqlite} times ${TITLE}`, { timeout: patience(CRASHES.sqlite) }, () =>
  crash({ rounds: CRASHES.sqlite }),
)

test(`PostgreSQL: killed ${CRASHES.postgresql} times ${TITLE}`, {
  timeout: patience(CRASHES.postgresql),
}, async () => {
  const postgres = await startPostgres()
  try {
    await crash({ rounds: CRASHES.postgresql, database: await freshDatabase(postgres.url) })
  } finally {
    await postgres.stop()
  }
})
