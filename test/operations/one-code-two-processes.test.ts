import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createMfaTokens } from '../../src/factors/mfa-tokens.ts'
import { createAuthenticator, givePasskey } from '../support/authenticator.ts'
import { eventually } from '../support/eventually.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { rounds } from '../support/rounds.ts'
import { movableClock, totpCode, withAuthenticatorApp } from '../support/second-factor.ts'
import { type ServerProcess, startServer } from './server-process.ts'

/*
 * What works once works once, also where two processes of a server get it at the same moment: each round, several requests at both,
 * of which exactly one gets tokens. The process of the test is a third one, which makes people and looks at the database.
 */

const ROUNDS = rounds(8, 20)

describe.each(engines)('two processes on one database, on %s', (engine) => {
  let latchkey: Latchkey
  let servers: ServerProcess[] = []
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    await latchkey.services.settings.change({ email_codes: 'on', second_factor: 'everyone' })
    const { DATABASE_URL } = latchkey.env
    const env = { DATA_DIR: latchkey.dataDir, ISSUER: latchkey.issuer, NEW_DEVICE_MAILS: 'off' }
    servers = await Promise.all(
      [1, 2].map(() => startServer({ ...env, ...(DATABASE_URL !== undefined && { DATABASE_URL }) })),
    )
  })
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.kill()))
    await latchkey?.stop()
  })

  const send = async (server: number, method: string, path: string, body: object, headers = {}) => {
    const response = await fetch(`${servers[server]?.address}/api/auth${path}`, {
      method,
      headers: { 'content-type': 'application/json', ...headers },
      ...(method !== 'GET' && { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, json: (text ? JSON.parse(text) : {}) as Record<string, unknown> }
  }
  /** A sign-in whose password was right, without the price of checking it. */
  async function begin({ id: accountId }: { id: string }): Promise<string> {
    const { artifacts } = latchkey.services
    const tokens = createMfaTokens({ artifacts, clock: Date.now, issuer: latchkey.issuer })
    const pending = { accountId, generation: 0, amr: ['pwd'], ends: 'tokens' as const }
    return String((await tokens.begin(pending, [])).members?.mfa_token)
  }
  /** The statuses of requests that are under way together, in order of their numbers. */
  const together = async (requests: readonly (() => Promise<{ status: number }>)[]) =>
    (await Promise.all(requests.map((request) => request()))).map(({ status }) => status).sort()
  const forget = (accountId: string) =>
    latchkey.services.db.prisma.factorFailures.deleteMany({ where: { accountId } })

  /** In each round, sign-ins that have begun apart, two at each process, are shown the same code. */
  async function oneOfFour(
    user: { id: string; email: string },
    method: string,
    codeOf: (round: number) => Promise<string>,
    rounds = ROUNDS,
  ) {
    for (let round = 0; round < rounds; round++) {
      const code = await codeOf(round)
      const tokens = await Promise.all([0, 1, 2, 3].map(() => begin(user)))
      const statuses = await together(
        tokens.map((mfa_token, n) => () => send(n % 2, 'POST', '/login/verify', { mfa_token, method, code })),
      )
      expect(statuses, `round ${round}`).toEqual([200, 401, 401, 401])
      await forget(user.id)
    }
  }

  test('a code of an authenticator app', async () => {
    const user = await latchkey.createUser()
    const { secret } = await withAuthenticatorApp(latchkey, user.id, movableClock())
    await oneOfFour(user, 'totp', async () => {
      // As if its step had not been used: half minutes are not waited for.
      await latchkey.services.db.prisma.totpFactor.updateMany({
        where: { accountId: user.id },
        data: { lastStep: 0 },
      })
      return totpCode(secret, Date.now())
    })
  })

  test('a recovery code', async () => {
    const user = await latchkey.createUser()
    const { recoveryCodes } = await withAuthenticatorApp(latchkey, user.id, movableClock())
    await oneOfFour(
      user,
      'recovery_code',
      async (round) => String(recoveryCodes[round]),
      Math.min(ROUNDS, 10),
    )
  })

  test('a code by email', async () => {
    const user = await latchkey.createUser()
    await oneOfFour(user, 'email', async () => {
      expect(await latchkey.services.factors.emailCodes.send(user.id)).toEqual({ kind: 'sent' })
      // Any of the processes may have taken the mail.
      const waiting = { kind: 'mail', status: 'waiting' }
      const { delivery } = latchkey.services.db.prisma
      await latchkey.services.mailer.idle()
      await eventually(async () => (await delivery.count({ where: waiting })) === 0)
      return /\b\d{6}\b/.exec((await latchkey.mailTo(user.email)).text)?.[0] ?? ''
    })
  })

  test('an answer of a passkey, and the sign-in that it is for', async () => {
    const user = await latchkey.createUser()
    const authenticator = createAuthenticator(latchkey.issuer, { counter: 0 })
    await givePasskey(latchkey, user, authenticator)
    for (let round = 0; round < ROUNDS; round++) {
      const mfa_token = await begin(user)
      const { json } = await send(1, 'POST', '/login/challenge', { mfa_token, method: 'passkey' })
      const credential = authenticator.get(json.public_key as { challenge: string })
      const body = { mfa_token, method: 'passkey', credential }
      const statuses = await together(
        [0, 1, 0, 1].map((server) => () => send(server, 'POST', '/login/verify', body)),
      )
      expect(statuses, `round ${round}`).toEqual([200, 401, 401, 401])
    }
  })

  test('a sign-in that waits, shown two codes that are both right', async () => {
    const user = await latchkey.createUser()
    const { recoveryCodes } = await withAuthenticatorApp(latchkey, user.id, movableClock())
    for (let round = 0; round < 5; round++) {
      const mfa_token = await begin(user)
      const statuses = await together(
        [0, 1].map(
          (server) => () =>
            send(server, 'POST', '/login/verify', {
              ...{ mfa_token, method: 'recovery_code', code: recoveryCodes[2 * round + server] },
            }),
        ),
      )
      expect(statuses, `round ${round}`).toEqual([200, 401])
      await forget(user.id)
    }
  })

  test('an app password that was removed at one is refused at the other at once, and so is its token', async () => {
    const user = await latchkey.createUser()
    await withAuthenticatorApp(latchkey, user.id, movableClock())
    const by = { accountId: user.id, generation: 0 }
    const { appPasswords } = latchkey.services.factors
    for (let round = 0; round < ROUNDS; round++) {
      const { id, password } = await appPasswords.create(by, `Script ${round}`)
      const basic = (name: string, secret: string) => ({
        authorization: `Basic ${btoa(`${name}:${secret}`)}`,
      })
      const { json } = await send(0, 'POST', '/tokens', {}, basic(user.email, password))
      const uses = async () =>
        together([
          () => send(0, 'GET', '/me', {}, basic(user.email, password)),
          () => send(1, 'GET', '/me', {}, basic(user.email, password)),
          () => send(0, 'GET', '/me/factors', {}, basic(String(json.token), '')),
          () => send(1, 'GET', '/me/factors', {}, basic(String(json.token), '')),
        ])
      expect(await uses(), `round ${round}`).toEqual([200, 200, 200, 200])
      // In a third process: what the two remember of it is no help.
      expect(await appPasswords.remove(by, id)).toBe(true)
      expect(await uses(), `round ${round}`).toEqual([401, 401, 401, 401])
    }
  })
})
