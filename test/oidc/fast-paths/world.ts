import { DEVICE_CODE_GRANT } from '../../../src/shared/device-code.ts'
import { approve, deviceOf } from '../../device/device-client.ts'
import { basic, createSecurityFixture, post, type TestClient } from '../../security/attacker.ts'
import { createProver, prove } from '../../security/proofs.ts'
import { type Latchkey, PASSWORD } from '../../support/latchkey.ts'
import { movableClock, withAuthenticatorApp } from '../../support/second-factor.ts'

export const BOOKS = 'https://books.example'
export const VAULT = 'https://vault.example'
const GONE = 'https://gone.example'
const ALL =
  'openid profile email address phone identity_provider offline_access books:read books:write vault:read'

export interface Token {
  name: string
  value: string
}

/** Clients, APIs, people and tokens of every kind that a fast path has to tell apart. */
export async function createWorld(latchkey: Latchkey) {
  const fixture = createSecurityFixture(latchkey)
  const { resources, resourceCredentials, accounts } = latchkey.services
  await resources.add({ identifier: BOOKS, scope: 'books:read books:write' })
  await resources.add({ identifier: VAULT, scope: 'vault:read', tokens: 'opaque' })

  const web = await fixture.client({ scope: ALL })
  const other = await fixture.client({ scope: ALL, token_endpoint_auth_method: 'client_secret_post' })
  const third = await fixture.client({ scope: ALL, first_party: false })
  const spa = await fixture.publicClient({ scope: ALL })
  const bound = await fixture.client({ scope: ALL })
  const machine = await fixture.client({
    grant_types: ['client_credentials'],
    redirect_uris: [],
    scope: 'books:read vault:read',
  })
  const api = async (identifier: string): Promise<TestClient> => ({
    ...(await resourceCredentials.add(identifier)),
    redirect_uri: '',
  })
  const [books, vault] = [await api(BOOKS), await api(VAULT)]
  const ada = await fixture.victim()
  await accounts.updateProfile(ada.user.id, {
    givenName: 'Ada',
    familyName: 'Lövelace “the first”',
    phoneNumber: '+44 20 7946 0000',
    address: { locality: 'London', country: 'GB' },
  } as never)

  // Claims of every kind: what of all clients, of one, and of an API; and of groups for a client that no API is registered for.
  const { access, attributes, customClaims } = latchkey.services
  const grouped = await fixture.client({ scope: 'openid profile email' })
  await attributes.create({ name: 'team', type: 'strings' })
  await accounts.updateByAdmin(ada.user.id, { attributes: { team: ['red', 'blue'] } })
  const crew = await access.groups.create({ name: 'Crew' })
  await access.groups.addMember(crew.id, ada.user.id)
  const everywhere = { in: ['id_token', 'userinfo', 'access_token', 'introspection'] }
  for (const claim of [
    { name: 'team', source: 'attribute', value: 'team', filter: 'b*' },
    { name: 'fixed', source: 'constant', value: 'x', shape: 'string', clients: [web.client_id] },
    {
      name: 'of_books',
      source: 'constant',
      value: 'y',
      shape: 'first',
      scope: 'books:read',
      resources: [BOOKS],
    },
    { name: 'crews', source: 'groups', scope: 'openid', clients: [grouped.client_id] },
  ])
    await customClaims.create({
      ...everywhere,
      ...(claim.name === 'of_books' && { in: ['access_token', 'introspection'] }),
      ...claim,
    })

  const tokens: Token[] = []
  const keep = (name: string, value: unknown): string => {
    tokens.push({ name, value: String(value) })
    return String(value)
  }
  const ofPerson = async (name: string, client: TestClient, asked: Record<string, string>, victim = ada) => {
    const got = await fixture.tokens(victim, client, asked)
    if (got.refresh_token) keep(`${name}, refresh`, got.refresh_token)
    return keep(name, got.access_token)
  }
  const ofMachine = async (name: string, client: TestClient, asked: Record<string, string>) =>
    keep(
      name,
      (await fixture.token(client, { grant_type: 'client_credentials', ...asked })).json.access_token,
    )

  const session = await ofPerson('of a session', web, { scope: 'openid profile email address phone' })
  await ofPerson('offline', web, { scope: 'openid email offline_access', prompt: 'consent' }).catch(() => '')
  await ofPerson('of another client', other, { scope: 'openid profile' })
  await ofPerson('of a client that is told of groups', grouped, { scope: 'openid profile' })
  await ofPerson('of a public client', spa, { scope: 'openid email' })
  await ofPerson('with its provider', web, { scope: 'openid identity_provider' })
  await ofPerson('without openid, for books', web, { scope: 'books:read', resource: BOOKS })
  await ofPerson('for the vault', web, { scope: 'openid vault:read', resource: VAULT })
  await ofPerson('for books', other, { scope: 'openid books:read', resource: BOOKS })
  await ofPerson('for both', web, { scope: 'openid email books:read' })
  await ofPerson('with claims', web, {
    scope: 'openid',
    claims: JSON.stringify({ userinfo: { email: null, given_name: { essential: true } } }),
  })
  await ofPerson('with claims, for both', web, {
    scope: 'openid books:read',
    claims: JSON.stringify({ userinfo: { email: null } }),
  })
  await ofMachine('of a machine, for the vault', machine, { resource: VAULT })
  await ofMachine('of a machine, for books', machine, { resource: BOOKS, scope: 'books:read' })
  const login = await post(
    `${fixture.issuer}/api/auth/login`,
    JSON.stringify({ email: ada.user.email, password: PASSWORD }),
    { 'content-type': 'application/json' },
  )
  keep('of the JSON API', login.json.access_token)
  keep('of the JSON API, refresh', login.json.refresh_token)

  const prover = await createProver()
  const dpop = await prove(prover, 'POST', `${fixture.issuer}/token`)
  const code = await fixture.code(ada, bound, { scope: 'openid email' })
  keep('bound to a key', (await fixture.exchange(bound, code, {}, { dpop })).json.access_token)

  const page = await ada.browser.open(fixture.authorizeUrl(third, { scope: 'openid email' }))
  const back = await ada.browser.allow(page)
  const allowed = { code: String(back.url.searchParams.get('code')), verifier: 'v'.repeat(43) }
  const asked = await fixture.exchange(third, { ...allowed, redirect_uri: third.redirect_uri })
  keep('of a third party', asked.json.access_token)

  // As a script has them: by an app password, of which one is gone.
  const { appPasswords } = latchkey.services.factors
  const grace = await fixture.victim()
  await withAuthenticatorApp(latchkey, grace.user.id, movableClock())
  const by = { accountId: grace.user.id, generation: 0 }
  for (const kept of [true, false]) {
    const { id, password } = await appPasswords.create(by, `Script ${kept}`)
    const headers = { ...basic(grace.user.email, password), 'content-type': 'application/json' }
    const issued = await post(`${fixture.issuer}/api/auth/tokens`, '{}', headers)
    keep(kept ? 'of an app password' : 'of an app password that is gone', issued.json.token)
    if (!kept) await appPasswords.remove(by, id)
  }
  const tv = await fixture.client({ scope: ALL, grant_types: [DEVICE_CODE_GRANT, 'authorization_code'] })
  const device = deviceOf(fixture.issuer, tv.client_id, tv.client_secret, undefined as never)
  for (const resource of [undefined, BOOKS]) {
    const asked = await device.ask(
      resource ? { scope: 'openid books:read', resource } : { scope: 'openid email' },
    )
    await approve(fixture, ada, asked.user_code)
    const { json } = await device.poll(asked.device_code)
    keep(resource ? 'of a device, for books' : 'of a device', json.access_token)
  }
  const dave = await fixture.victim()
  await ofPerson('of a deleted person', web, { scope: 'openid email' }, dave)
  await ofPerson('of a deleted person, for books', web, { scope: 'books:read', resource: BOOKS }, dave)
  await accounts.delete(dave.user.id)
  await resources.add({ identifier: GONE, scope: 'gone:read' })
  const lost = await fixture.client({ scope: 'openid email gone:read' })
  await ofPerson('for an API that is gone', lost, { scope: 'gone:read', resource: GONE })
  await ofPerson('for an API that is gone, and us', lost, { scope: 'openid email gone:read', resource: GONE })
  await resources.remove(GONE)

  const { organizations } = latchkey.services
  for (const [how, end] of Object.entries({
    'of an organization': async () => undefined,
    'of one that was left': (id: string, account: string) => organizations.members.remove(id, account),
    'of one that is disabled': (id: string) => organizations.update(id, { disabled: true }),
    'of one that is gone': (id: string) => organizations.remove(id),
  })) {
    const employee = await fixture.victim()
    const { id } = await organizations.create({ name: `${how} Ltd` })
    await organizations.members.put(id, employee.user.id, ['admin'])
    await ofPerson(how, web, { scope: 'openid email' }, employee)
    await ofPerson(`${how}, for books`, web, { scope: 'books:read', resource: BOOKS }, employee)
    await end(id, employee.user.id)
  }

  const revoked = await ofPerson('revoked', web, { scope: 'openid email' })
  await fixture.revoke(web, revoked)
  const denied = await ofPerson('revoked JWT', web, { scope: 'openid books:read', resource: BOOKS })
  await fixture.revoke(web, denied)

  const eve = await fixture.victim()
  await ofPerson('of a disabled person', web, { scope: 'openid email' }, eve)
  await ofPerson('of a disabled person, for books', web, { scope: 'books:read', resource: BOOKS }, eve)
  await accounts.disable(eve.user.id)
  const bob = await fixture.victim()
  await ofPerson('of a person who has signed out everywhere', web, { scope: 'openid email' }, bob)
  await accounts.endSessions(bob.user.id)
  const gone = await fixture.client({ scope: ALL })
  await ofPerson('of a disabled client', gone, { scope: 'openid email' })
  await ofPerson('of a disabled client, for books', gone, { scope: 'books:read', resource: BOOKS })
  await latchkey.services.clients.disable(gone.client_id)
  const narrow = await fixture.client({ scope: ALL })
  await ofPerson('of a narrowed client', narrow, { scope: 'openid email profile' })
  await latchkey.services.clients.update(narrow.client_id, { scope: 'openid profile' })
  const demoted = await fixture.client({ scope: ALL })
  await ofPerson('of a client that was first-party', demoted, { scope: 'openid email' })
  await latchkey.services.clients.update(demoted.client_id, { first_party: false })

  return {
    fixture,
    tokens,
    session,
    ada,
    clients: { web, grouped, other, third, spa, bound, machine, gone, narrow, demoted, tv, lost },
    apis: { books, vault },
  }
}

export type World = Awaited<ReturnType<typeof createWorld>>
