import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { approve, deviceOf } from '../../device/device-client.ts'
import { basic, clock, passTime, post, type TestClient } from '../../security/attacker.ts'
import { engines, type Latchkey, PASSWORD, startLatchkey } from '../../support/latchkey.ts'
import { rounds } from '../../support/rounds.ts'
import { createBothWays, createRandom, type Sent } from './both-ways.ts'
import { BOOKS, createWorld, VAULT, type World } from './world.ts'

/** Of the random part, which is behind each step by itself. */
const STEPS = rounds(12, 50)
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code'
const SCOPE = 'openid profile email offline_access books:read vault:read'

/** Whatever changes between two requests counts for the second, by a fast path as by the library. */
describe.each(engines)('nothing is stale, on %s', (engine) => {
  const bothWays = createBothWays((fastPaths) => startLatchkey({ engine, fastPaths, clock }))
  let latchkey: Latchkey
  let world: World
  beforeAll(async () => {
    // It goes on, as what is remembered for a second needs it.
    vi.useFakeTimers({ toFake: ['Date'], shouldAdvanceTime: true })
    latchkey = await bothWays.start()
    world = await createWorld(latchkey)
  })
  afterAll(async () => {
    vi.useRealTimers()
    await latchkey?.stop()
  })

  test('whatever happens, in any order', async () => {
    const { accounts, clients, resources, resourceCredentials, settings, artifacts, keys, db } =
      latchkey.services
    const { fixture } = world
    const random = createRandom(engine.length)
    const client = await fixture.client({ scope: SCOPE })
    const idOf = { id: client.client_id }
    let secret = client.client_secret ?? ''
    let api: TestClient = world.apis.books
    let person = await fixture.victim()
    const tokens: string[] = []

    const own = (): TestClient => ({ ...client, client_secret: secret })
    async function issue(): Promise<void> {
      if (await accounts.byId(person.user.id)) await accounts.enable(person.user.id)
      await bringBack()
      await clients.enable(idOf.id).catch(() => undefined)
      await clients.update(idOf.id, {
        scope: SCOPE,
        first_party: true,
        dpop_bound_access_tokens: false,
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials', DEVICE],
        redirect_uris: [client.redirect_uri],
      })
      await settings.change({ second_factor: null })
      person = await fixture.victim()
      tokens.splice(0)
      for (const asked of [
        { scope: 'openid profile email' },
        { scope: 'openid vault:read', resource: VAULT },
        { scope: 'openid books:read', resource: BOOKS },
        { scope: 'openid email books:read' },
      ])
        tokens.push(String((await fixture.tokens(person, own(), asked)).access_token))
      const login = await post(
        `${fixture.issuer}/api/auth/login`,
        JSON.stringify({ email: person.user.email, password: PASSWORD }),
        { 'content-type': 'application/json' },
      )
      tokens.push(String(login.json.access_token))
      const device = deviceOf(fixture.issuer, idOf.id, secret, undefined as never)
      const { user_code, device_code } = await device.ask()
      await approve(fixture, person, user_code)
      tokens.push(String((await device.poll(device_code)).json.access_token))
    }
    async function bringBack(): Promise<void> {
      if ((await resources.list()).items.some(({ identifier }) => identifier === BOOKS)) return
      await resources.add({ identifier: BOOKS, scope: 'books:read books:write' })
      api = { ...(await resourceCredentials.add(BOOKS)), redirect_uri: '' }
    }

    const account = () => person.user.id
    const lifetime = latchkey.services.settings.values.accessTokenTtl
    const steps: Record<string, () => Promise<unknown>> = {
      'new tokens': issue,
      'a token is revoked': () => fixture.revoke(own(), random.pick(tokens)),
      'the person is disabled': () => accounts.disable(account()),
      'the person is enabled': () => accounts.enable(account()),
      'the person signs out everywhere': () => accounts.endSessions(account()),
      'the person has a new password': () =>
        accounts
          .changePassword({
            accountId: account(),
            currentPassword: PASSWORD,
            newPassword: PASSWORD,
            address: '127.0.0.1',
            devices: [],
          })
          .catch(() => undefined),
      // As another process leaves it for a moment: what has ended is not deleted yet.
      'the generation is another': () =>
        db.prisma.account.update({ where: { id: account() }, data: { generation: { increment: 2 } } }),
      'the person counts no more': () =>
        db.prisma.account.update({ where: { id: account() }, data: { disabledAt: new Date() } }),
      'the Grants alone end': () =>
        db.artifacts.run("DELETE FROM artifacts WHERE model = 'Grant' AND account_id = ?", [account()]),
      // The next Grant has the same id: tokens that are stored go on with it, JWTs do not.
      'the Grants end, and the person comes back': async () => {
        await db.artifacts.run("DELETE FROM artifacts WHERE model = 'Grant' AND account_id = ?", [account()])
        // Who is deleted, or signed in too long ago, does not.
        await fixture.code(person, own()).catch(() => undefined)
      },
      'the session ends': async () => {
        const [session] = await artifacts.listByAccount('Session', account())
        if (session) await artifacts.endSession(String(session.payload.uid))
      },
      'the browser signs out': async () => {
        const page = await person.browser.open(`${fixture.issuer}/logout`)
        if (page.forms.length > 0) await person.browser.submit(page, {}, { button: 'Sign out' })
      },
      'the Grants end': () => artifacts.revokeByAccount(account(), { clientId: idOf.id }),
      'the profile changes': () =>
        accounts.updateProfile(account(), { nickname: random.pick(['A', 'B', 'C', '']) } as never),
      'the client loses email': () =>
        clients.update(idOf.id, { scope: 'openid profile books:read vault:read' }),
      'the client loses the API': () => clients.update(idOf.id, { scope: 'openid profile email' }),
      'the client gets all back': () => clients.update(idOf.id, { scope: SCOPE, first_party: true }),
      'the client is no longer first-party': () => clients.update(idOf.id, { first_party: false }),
      'the client has to prove possession': () => clients.update(idOf.id, { dpop_bound_access_tokens: true }),
      'the client need not': () => clients.update(idOf.id, { dpop_bound_access_tokens: false }),
      'the client may not use codes': () =>
        clients.update(idOf.id, { grant_types: [DEVICE], redirect_uris: [] }),
      'the client may not act for itself': () =>
        clients.update(idOf.id, { grant_types: ['authorization_code', 'refresh_token'] }),
      'the client is disabled': () => clients.disable(idOf.id),
      'the client is enabled': () => clients.enable(idOf.id),
      'the client has another secret': async () => {
        secret = (await clients.rotateSecret(idOf.id, { keepOldSeconds: 0 })).client_secret
      },
      'the API has another credential': async () => {
        await resourceCredentials.remove(BOOKS)
        api = { ...(await resourceCredentials.add(BOOKS)), redirect_uri: '' }
      },
      'the API is removed': () => resources.remove(BOOKS).catch(() => undefined),
      'the API is there again': bringBack,
      'the account is deleted': () => accounts.delete(account()).catch(() => undefined),
      'half of the time passes': async () => passTime(lifetime / 2),
      'all of the time passes': async () => passTime(lifetime + 1),
      'everybody needs a second factor': () => settings.change({ second_factor: 'everyone' }),
      'nobody does': () => settings.change({ second_factor: null }),
      'keys are rotated': () => keys.rotate(),
    }

    /** Of the client for itself, by its newest secret and the first one. */
    const asMachine = ['', 'scope=vault:read', `resource=${BOOKS}`, 'scope=books:read+vault:read'].flatMap(
      (asked) => [own, () => client].map((by) => ({ asked, by })),
    )
    /** Each request once: until something has another secret, the newest is the first one. */
    const panel = (): Sent[] => [...new Map(requests().map((each) => [JSON.stringify(each), each])).values()]
    const requests = (): Sent[] => [
      ...asMachine.map(({ asked, by }) => ({
        method: 'POST',
        path: '/token',
        headers: {
          'content-type': 'application/x-www-form-urlencoded',
          ...basic(by().client_id, by().client_secret ?? ''),
        },
        body: `grant_type=client_credentials&${asked}`,
      })),
      ...tokens.flatMap((token): Sent[] => [
        { method: 'GET', path: '/userinfo', headers: { authorization: `Bearer ${token}` } },
        { method: 'GET', path: '/api/auth/me', headers: { authorization: `Bearer ${token}` } },
        ...[own(), client, api, world.apis.books, world.apis.vault].map(
          ({ client_id, client_secret = '' }) => ({
            method: 'POST',
            path: '/introspect',
            headers: {
              'content-type': 'application/x-www-form-urlencoded',
              ...basic(client_id, client_secret),
            },
            body: `token=${token}`,
          }),
        ),
      ]),
    ]

    await issue()
    const names = Object.keys(steps)
    let fast = 0
    let other = 0
    const order = [...names.flatMap((name) => ['new tokens', name]), ...random.some(names, STEPS)]
    for (const [step, name] of order.entries()) {
      await steps[name]?.()
      const asked = await bothWays.ask(fixture.issuer, panel())
      fast += asked.fast
      other += asked.answers.length - asked.fast
      for (const { request, fast, library } of asked.answers)
        expect({ step, name, request, ...fast }).toEqual({ step, name, request, ...library })
    }
    expect(fast).toBeGreaterThan(STEPS)
    expect(other).toBeGreaterThan(STEPS)
  })
})
