import { join } from 'node:path'
import BetterSqlite3 from 'better-sqlite3'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { createSecurityFixture, type SecurityFixture, type TestClient, type Victim } from './attacker.ts'

describe.each(engines)('a token request that fails at the server uses nothing up, on %s', (engine) => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let web: TestClient
  let victim: Victim
  let mend: () => Promise<void> | void = () => undefined

  beforeAll(async () => {
    latchkey = await startLatchkey({ engine })
    fixture = createSecurityFixture(latchkey)
    web = await fixture.client({ scope: 'openid email groups offline_access' })
    victim = await fixture.victim()
  })
  afterEach(() => mend())
  afterAll(() => latchkey?.stop())

  const sql = (text: string) => latchkey.services.db.prisma.$executeRawUnsafe(text)

  /** The database takes no tokens until `mend`. */
  async function refuseTokens() {
    if (engine === 'sqlite') {
      const lock = new BetterSqlite3(join(latchkey.dataDir, 'artifacts.db'))
      lock.exec('BEGIN IMMEDIATE')
      mend = () => {
        if (lock.open) lock.exec('ROLLBACK')
        lock.close()
      }
      return
    }
    // As of a server that is starting.
    await sql(`CREATE FUNCTION starting() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN RAISE EXCEPTION 'starting up' USING ERRCODE = '57P03'; END $$`)
    await sql(`CREATE TRIGGER starting BEFORE INSERT ON artifacts FOR EACH ROW
      WHEN (NEW.model IN ('AccessToken', 'RefreshToken')) EXECUTE FUNCTION starting()`)
    mend = async () => {
      await sql('DROP TRIGGER IF EXISTS starting ON artifacts')
      await sql('DROP FUNCTION IF EXISTS starting')
    }
  }
  /** What the claims of a token are read from is not there until `mend`. */
  async function loseMemberships() {
    await sql('ALTER TABLE group_members RENAME TO lost_members')
    mend = async () => {
      await sql('ALTER TABLE lost_members RENAME TO group_members')
      mend = () => undefined
    }
  }
  const works = async ({ access_token }: Record<string, unknown>) =>
    (await fixture.userinfo(access_token)).status === 200

  test('commit fails: 503, the code is unused and works on the next try, once', async () => {
    const code = await fixture.code(victim, web, { scope: 'openid email' })
    await refuseTokens()
    expect(await fixture.exchange(web, code)).toMatchObject({
      ...{ status: 503, json: { error: 'temporarily_unavailable' } },
    })
    await mend()
    const { status, json } = await fixture.exchange(web, code)
    expect([status, await works(json)]).toEqual([200, true])
    expect(await fixture.exchange(web, code)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
  })

  test('commit fails: 503, the refresh token is unused and works on the next try', async () => {
    const tokens = await fixture.tokens(victim, web)
    await refuseTokens()
    expect(await fixture.refresh(web, tokens.refresh_token)).toMatchObject({ status: 503 })
    await mend()
    const { status, json } = await fixture.refresh(web, tokens.refresh_token)
    expect([status, await works(json)]).toEqual([200, true])
  })

  test('the server fails after the code was accepted: the code is unused, and works on the next try', async () => {
    const code = await fixture.code(victim, web, { scope: 'openid groups' })
    await loseMemberships()
    expect((await fixture.exchange(web, code)).status).toBeGreaterThanOrEqual(500)
    await mend()
    const { status, json } = await fixture.exchange(web, code)
    expect([status, await works(json)]).toEqual([200, true])
  })

  test('a request that is refused after the code was accepted has used it up', async () => {
    const code = await fixture.code(victim, web, { scope: 'openid email' })
    expect((await fixture.exchange(web, code, { resource: 'https://nobody.example' })).status).toBe(400)
    expect(await fixture.exchange(web, code)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } })
  })
})
