import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { addressParts } from '../../src/shared/profile/address.ts'
import { profileFields } from '../../src/shared/profile/fields.ts'
import { machine } from '../admin/rest/support.ts'
import {
  createSecurityFixture,
  get,
  type SecurityFixture,
  type TestClient,
  type Victim,
} from '../security/attacker.ts'
import { type Latchkey, startLatchkey } from '../support/latchkey.ts'

/**
 * What the OpenID Foundation's Basic OP plan warns of, by the names of its modules: what it would like beyond what it
 * requires. The person has a value for every claim, as the suite expects of its test user.
 */
const PROFILE = [
  'name',
  'given_name',
  'family_name',
  'middle_name',
  'nickname',
  'profile',
  'picture',
  'website',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'updated_at',
  'preferred_username',
]
const EMAIL = ['email', 'email_verified']
const PHONE = ['phone_number', 'phone_number_verified']
const REST_NAMES: Record<string, string> = { given_name: 'first_name', family_name: 'last_name' }

describe('the Basic OP plan has nothing to warn of', () => {
  let latchkey: Latchkey
  let fixture: SecurityFixture
  let client: TestClient
  let victim: Victim
  beforeAll(async () => {
    latchkey = await startLatchkey()
    fixture = createSecurityFixture(latchkey)
    // The suite sends neither PKCE nor, in one module, a nonce.
    client = await fixture.client({ pkce: 'optional' })
    victim = await fixture.victim()
    const { rest } = await machine(latchkey)
    const answer = await rest.patch(`/users/${victim.user.id}`, {
      ...Object.fromEntries(profileFields.map(({ claim, example }) => [REST_NAMES[claim] ?? claim, example])),
      phone_number_verified: true,
      address: Object.fromEntries(addressParts.map(({ part, example }) => [part, example])),
    })
    expect(answer.status, answer.text).toBe(200)
  })
  afterAll(() => latchkey?.stop())

  const infoFor = async (parameters: Record<string, string>) => {
    const tokens = await fixture.tokens(victim, client, parameters)
    return {
      info: (await fixture.userinfo(tokens.access_token)).json,
      idToken: decodeJwt(String(tokens.id_token)),
    }
  }

  test.each([
    ['oidcc-scope-profile', 'openid profile', PROFILE],
    ['oidcc-scope-email', 'openid email', EMAIL],
    ['oidcc-scope-address', 'openid address', ['address']],
    ['oidcc-scope-phone', 'openid phone', PHONE],
    ['oidcc-scope-all', 'openid profile email address phone', [...PROFILE, ...EMAIL, 'address', ...PHONE]],
  ])('%s: userinfo has every standard claim of the scope', async (_module, scope, claims) => {
    const { info } = await infoFor({ scope })
    expect(Object.keys(info)).toEqual(expect.arrayContaining(['sub', ...claims]))
  })

  test('oidcc-claims-essential: name at userinfo, and not in the ID token', async () => {
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } })
    const { info, idToken } = await infoFor({ scope: 'openid', claims })
    expect(info).toMatchObject({ name: expect.any(String) })
    expect(idToken).not.toHaveProperty('name')
  })

  test('oidcc-ensure-request-with-acr-values-succeeds: acr is one of those that discovery names', async () => {
    const { json } = await get(`${fixture.issuer}/.well-known/openid-configuration`)
    const supported = json.acr_values_supported as string[]
    const { idToken } = await infoFor({ scope: 'openid', acr_values: supported.join(' ') })
    expect(supported).toContain(idToken.acr)
  })
})
