import type { FastifyReply, FastifyRequest } from 'fastify'
import { expect, onTestFinished, test } from 'vitest'
import { openId } from '../../src/federation/connectors/oidc.ts'
import { createPendingLogins } from '../../src/federation/login/pending-logins.ts'
import { toUpstreamLogin } from '../../src/federation/login/upstream-login.ts'
import { providerFields } from '../../src/shared/profile/fields.ts'
import { FIELDS } from '../../src/shared/profile/table.ts'
import { startOpenIdProvider, visitUpstream } from '../support/upstream/openid.ts'

// Every row of the table of a person that a provider sets (src/shared/profile/table.ts), from the claims of an OpenID provider
// to the login that waits for the person; from there to the account, test/accounts/attributes.test.ts follows it.

const request = { cookies: {} } as FastifyRequest
const reply = {} as FastifyReply
const redirectUri = 'http://localhost:9/api/auth/oauth/corp/callback'

/** Pending logins over a map, as JSON: a value that is undefined is not stored. */
function pendingLogins() {
  const stored = new Map<string, string>()
  const logins = createPendingLogins({
    organizations: { owns: async () => true },
    artifacts: {
      upsert: async (_model, id, payload) => void stored.set(id, JSON.stringify(payload)),
      find: async (_model, id) => JSON.parse(stored.get(id) ?? 'null') ?? undefined,
      consume: async () => true,
    },
    binding: { bind: () => 'browser', matches: (_request, value) => value === 'browser' },
    providers: { find: async () => ({ id: 'corp' }) as never },
    ends: { hasEnded: async () => false },
  })
  return { logins, stored }
}

/** Who signs in at a provider that says so much more of them. */
async function identityOf(said: Record<string, unknown>, settings: Record<string, unknown> = {}) {
  const upstream = await startOpenIdProvider({ alg: 'ES256' })
  onTestFinished(() => upstream.stop())
  upstream.setCallback(redirectUri)
  upstream.tamper = (claims) => ({ ...claims, ...said })
  const { issuer, clientId, clientSecret } = upstream
  const connector = openId.create({ clientId, clientSecret }, openId.settings.parse({ issuer, ...settings }))
  const { callback, attempt } = await visitUpstream(connector, { redirectUri })
  return connector.identify(callback, attempt)
}

const loginOf = (identity: Awaited<ReturnType<typeof identityOf>>) =>
  toUpstreamLogin(
    { id: 'corp', name: 'Corp', membershipMode: 'add', membershipRules: [] } as never,
    identity,
    { kind: 'api' },
    () => null,
    0,
  )

test.each(providerFields)(
  '$claim arrives, and waits for the person',
  async ({ claim, property, example }) => {
    const login = loginOf(await identityOf({ [claim]: example }))
    const { logins } = pendingLogins()
    const id = await logins.issue(request, reply, login)
    expect((await logins.find(request, id)).profile).toHaveProperty(property, example)
  },
)

test.each(providerFields)('$claim arrives under the name that the settings give', async (field) => {
  const own = `corp_${field.claim}`
  const identity = await identityOf({ [own]: field.example }, { claims: { [field.claim]: own } })
  expect(identity).toHaveProperty(field.property, field.example)
})

test('no other row of the table is taken from a provider', async () => {
  const rows = Object.entries(FIELDS).filter(
    ([name]) => !providerFields.some(({ property }) => property === name),
  )
  const { profile } = loginOf(
    await identityOf(Object.fromEntries(rows.map(([, row]) => [row.claim, row.example]))),
  )
  for (const [property] of rows) expect(profile).not.toHaveProperty(property)
})

test('a login that was stored before the table had a row is read', async () => {
  const login = loginOf(await identityOf({}))
  const { logins, stored } = pendingLogins()
  const id = await logins.issue(request, reply, login)
  const old = JSON.parse(stored.get(id) ?? '')
  old.arrival.profile = { givenName: 'Grace', familyName: 'Hopper', picture: null }
  stored.set(id, JSON.stringify(old))
  const { profile } = await logins.find(request, id)
  for (const { property } of providerFields) expect(profile[property]).not.toBeUndefined()
  expect(profile).toMatchObject({ givenName: 'Grace', familyName: 'Hopper' })
})
