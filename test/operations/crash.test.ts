import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../support/eventually.ts'
import { createHttpBrowser } from '../support/flow.ts'
import { jobs } from '../support/job.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { linkIn, readOutbox } from '../support/mailbox.ts'
import { freePort } from '../support/ports.ts'
import { freshDatabase, startPostgres } from '../support/postgres.ts'
import type { RelyingParty } from '../support/relying-party.ts'
import { rounds } from '../support/rounds.ts'
import { bystander, withServices } from './installation.ts'
import { type Acknowledged, nothingAcknowledged, relyingParty, startLoad } from './load.ts'
import { startServer } from './server-process.ts'

/** Repeat a run with CRASH_SEED. */
const seed = Number(process.env.CRASH_SEED ?? Math.floor(Math.random() * 2 ** 31))

/** For how long a refresh token that was used works once more (docs/security-model.md), in milliseconds: ten seconds, counted in whole ones. */
const REFRESH_GRACE = 9_000

/** A small generator of numbers from 0 to 1 (mulberry32): the same seed, the same moments. */
function randomFrom(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** What was acknowledged before the crash still holds on the server that came after it. */
async function proveNothingLost(
  env: Record<string, string>,
  party: RelyingParty,
  acknowledged: Acknowledged,
): Promise<void> {
  const database = bystander(env)
  expect(await database.damage()).toEqual([])
  const usernames = new Set(await database.column('SELECT username FROM accounts'))
  expect(acknowledged.registered.filter((username) => !usernames.has(username))).toEqual([])

  for (const token of acknowledged.accessTokens)
    expect(await party.introspect(token)).toMatchObject({ active: true })
  for (const [index, token] of acknowledged.refreshTokens.entries()) {
    const refreshed = await party.refresh(token).catch((error: { error?: string; cause?: unknown }) => {
      throw new Error(`a refresh token of before the crash was refused: ${error.error}`, { cause: error })
    })
    expect(refreshed.access_token).toBeTypeOf('string')
    acknowledged.refreshTokens[index] = String(refreshed.refresh_token)
  }
  // A refresh token whose answer was lost is good once more within the grace window. A slow machine comes too late for it, and one that was
  // used by then ends its Grant, with all refresh tokens of the same person at the same client: hence after those.
  for (const { token, at } of acknowledged.undecidedRefreshes) {
    const outcome = await party.refresh(token).then(
      () => 'tokens',
      (error: { error?: string }) => error.error,
    )
    if (Date.now() - at < REFRESH_GRACE) expect(outcome).toBe('tokens')
    else expect(['tokens', 'invalid_grant']).toContain(outcome)
  }
  const exchange = ({ response, request }: Acknowledged['codes'][number]) =>
    party.callback(response, request).then(
      () => 'tokens',
      (error: { error?: string }) => error.error,
    )
  // Its answer was lost, so it may have been used or not: but never twice.
  for (const code of acknowledged.undecided)
    expect(
      [await exchange(code), await exchange(code)].filter((answer) => answer === 'tokens').length,
    ).toBeLessThan(2)
  for (const code of acknowledged.codes) expect(await exchange(code)).toBe('invalid_grant')
}

/** What a killed process had in hand is sent once its lease is over. */
async function proveLinksWork(dataDir: string): Promise<number> {
  const mails = await eventually(async () => {
    const sent = await readOutbox(join(dataDir, 'outbox'))
    expect(sent).not.toEqual([])
    return sent
  })
  for (const mail of mails) {
    const page = await createHttpBrowser().open(linkIn(mail))
    expect({ to: mail.to, status: page.status, text: page.text }).toMatchObject({
      status: 200,
      text: expect.stringContaining(mail.to),
    })
  }
  return mails.length
}

async function crash(options: {
  rounds: number
  database?: string
  /** What happens to the database in one of the rounds, under load; the server has to recover by itself. */
  outage?: { round: number; happen(): Promise<void> }
}): Promise<void> {
  const random = randomFrom(seed)
  const dataDir = mkdtempSync(join(tmpdir(), 'latchkey-crash-'))
  const port = String(await freePort())
  const env = {
    PORT: port,
    HOST: '127.0.0.1',
    ISSUER: `http://localhost:${port}`,
    DATA_DIR: dataDir,
    RATE_LIMIT: 'off',
    ...(options.database && { DATABASE_URL: options.database }),
  }
  const client = await withServices(env, async ({ accounts, clients, resources }) => {
    await resources.add(jobs)
    const account = { username: 'alice', email: 'alice@example.com', password: PASSWORD, verified: true }
    await accounts.createByAdmin(account)
    const redirect_uri = 'http://127.0.0.1:9/callback'
    const created = await clients.create({
      client_name: 'Crash test',
      redirect_uris: [redirect_uri],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      scope: `openid profile email offline_access ${jobs.scope}`,
    })
    return { ...created, redirect_uri }
  })

  const browser = createHttpBrowser({ stopAt: [client.redirect_uri] })
  let server = await startServer(env)
  const party = await relyingParty(server.issuer, client)
  const first = await browser.open((await party.authorize({ scope: 'openid profile' })).url)
  const signedIn = await browser.signIn(first, { identifier: 'alice', password: PASSWORD })
  expect((await browser.allow(signedIn)).left).toBe(true)

  const totals = { registered: 0, codes: 0, tokens: 0, cutOff: 0 }
  try {
    for (let round = 0; round < options.rounds; round++) {
      const acknowledged = nothingAcknowledged()
      const load = startLoad({ issuer: server.issuer, party, browser, acknowledged })
      await load.answers(10 + Math.floor(random() * 60))
      if (round % 2 === 0) await load.registered()
      if (round === options.outage?.round) {
        load.disturbed()
        await options.outage.happen()
        await load.answers(20)
      }
      await new Promise((resolve) => setTimeout(resolve, random() * 40))
      const killed = server.kill()
      const [, cutOff] = await Promise.all([killed, load.gone()])
      if (round !== options.outage?.round)
        expect(server.stdout.filter((line) => /"level":(50|60)/.test(line))).toEqual([])
      expect(server.stderr.filter((line) => /^\s+at |Error/.test(line))).toEqual([])
      server = await startServer(env)
      await proveNothingLost(env, party, acknowledged)
      totals.registered += acknowledged.registered.length
      totals.codes += acknowledged.codes.length
      totals.tokens += acknowledged.accessTokens.length
      totals.cutOff += cutOff
    }
    const links = await proveLinksWork(dataDir)
    console.log(`seed ${seed}, ${options.rounds} rounds:`, { ...totals, links })
    expect(totals.registered).toBeGreaterThan(options.rounds / 2)
    expect(totals.codes).toBeGreaterThan(options.rounds)
    // A kill between requests would prove nothing: each has to come while many are worked on.
    expect(totals.cutOff).toBeGreaterThan(4 * options.rounds)
  } finally {
    await server.kill()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

const KILLS = rounds(5, 12)

test(`SQLite: killed ${KILLS} times under load, nothing acknowledged is lost (seed ${seed})`, () =>
  crash({ rounds: KILLS }))

test(`PostgreSQL: the server killed, and once the database restarted, nothing acknowledged is lost (seed ${seed})`, async () => {
  const postgres = await startPostgres()
  try {
    await crash({
      rounds: rounds(3, 6),
      database: await freshDatabase(postgres.url),
      outage: {
        round: 1,
        async happen() {
          await postgres.halt()
          await postgres.resume()
        },
      },
    })
  } finally {
    await postgres.stop()
  }
})
