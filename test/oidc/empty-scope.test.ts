import { decodeJwt } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSecurityFixture, type SecurityFixture, type Victim } from '../security/attacker.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

const API = 'https://books.example'
let latchkey: Latchkey
let fixture: SecurityFixture
let victim: Victim
beforeAll(async () => {
  latchkey = await startLatchkey()
  await latchkey.services.resources.add({ identifier: API, scope: 'books:read' })
  fixture = createSecurityFixture(latchkey)
  victim = await fixture.victim()
})
afterAll(() => latchkey.stop())

test('RFC 6749 §5.1, §3.3: a token without any scope: its answer has no member scope, and neither has the token', async () => {
  const client = await fixture.client({ scope: 'openid books:read' })
  const code = await fixture.code(victim, client, { scope: 'openid', resource: API })
  const tokens = await fixture.exchange(client, code, { resource: API })
  expect(tokens.status, tokens.text).toBe(200)
  expect(decodeJwt(String(tokens.json.access_token))).toMatchObject({ aud: API })
  expect(decodeJwt(String(tokens.json.access_token))).not.toHaveProperty('scope')
  expect(tokens.json).not.toHaveProperty('scope')
  const refreshed = await fixture.refresh(client, tokens.json.refresh_token, { resource: API })
  expect(refreshed.status, refreshed.text).toBe(200)
  expect(refreshed.json).not.toHaveProperty('scope')
})
