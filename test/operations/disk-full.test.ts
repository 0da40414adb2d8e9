import { afterAll, beforeAll, expect, test } from 'vitest'
import { createHttpBrowser } from '../support/flow.ts'
import { jobClient, jobs } from '../support/job.ts'
import { type Latchkey, PASSWORD, startLatchkey } from '../support/latchkey.ts'
import { relyingParty, type TestClient } from './load.ts'

let latchkey: Latchkey
let client: TestClient
beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add(jobs)
  await latchkey.createUser('ada')
  client = await latchkey.createClient(jobClient)
})
afterAll(() => latchkey.stop())

/** SQLite then says SQLITE_FULL to every write that needs more room, as on a full disk. */
async function limitFiles(on: boolean): Promise<void> {
  const { artifacts, prisma } = latchkey.services.db
  for (const ask of [
    (sql: string) => artifacts.get<object>(sql),
    async (sql: string) => (await prisma.$queryRawUnsafe<object[]>(sql))[0],
  ]) {
    const pages = Number(Object.values((await ask('PRAGMA page_count')) ?? {})[0])
    await ask(`PRAGMA max_page_count = ${on ? pages : 1_000_000}`)
  }
}

test('on a full disk writes are 503, never 500, and all goes on once there is room', async () => {
  const party = await relyingParty(latchkey.issuer, client)
  const browser = createHttpBrowser()
  const register = await browser.open(`${latchkey.issuer}/register`)
  await limitFiles(true)

  const statuses = new Set<number>()
  for (let count = 0; count < 100 && !statuses.has(503); count++) {
    const username = `someone-with-a-long-name-${count}`
    const page = await browser.submit(
      register,
      {
        Username: username,
        Email: `${username}@example.com`,
        Password: PASSWORD,
        'First name': 'x'.repeat(60),
      },
      { button: 'Create account' },
    )
    statuses.add(page.status)
    if (page.status === 503) expect(Number(page.headers.get('retry-after'))).toBeGreaterThan(0)
  }
  expect([...statuses].filter((status) => status !== 200)).toEqual([503])

  let refusal: unknown
  for (let count = 0; count < 1000 && refusal === undefined; count++)
    refusal = await party.clientCredentials({ scope: jobs.scope }).then(
      () => undefined,
      (error: unknown) => error,
    )
  expect(refusal).toMatchObject({ cause: { status: 503 } })

  await limitFiles(false)
  expect((await party.clientCredentials({ scope: jobs.scope })).access_token).toBeTypeOf('string')
  const login = await browser.open(`${latchkey.issuer}/login`)
  const account = await browser.signIn(login, { identifier: 'ada', password: PASSWORD })
  expect(account.url.pathname).toBe('/account')
})
