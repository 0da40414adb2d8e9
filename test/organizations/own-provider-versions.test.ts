import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createApi } from '../api/support.ts'
import { type FederationFixture, openFederation } from '../federation/federation-fixture.ts'
import { engines, PASSWORD } from '../support/latchkey.ts'
import { ownProviders } from './own-provider-support.ts'

describe.each(engines)(
  'a change of the provider of managers is one of the state that they saw, on %s',
  (engine) => {
    let federation: FederationFixture
    const values = new Set<string>()
    beforeAll(async () => {
      federation = await openFederation({
        engine,
        env: { ORGANIZATION_ROLES: 'admin,member', ORGANIZATION_MANAGER_ROLES: 'admin' },
        lookUpTxt: async () => ({ values: [...values] }),
      })
    })
    afterAll(() => federation?.stop())
    const { services, at, managed, input, idOf, setUp } = ownProviders(engine, () => federation, values)

    /** What others do between, and what is stored then. */
    const changes: [string, (one: { id: string; manager: { id: string } }) => Promise<unknown>][] = [
      [
        'another manager',
        ({ manager, id }) => services().ownProvider.save(manager.id, id, { ...input(), clientId: 'theirs' }),
      ],
      [
        'who becomes a member',
        ({ manager, id }) => services().ownProvider.save(manager.id, id, { ...input(), join: false }),
      ],
      ['switching it off', ({ manager, id }) => services().ownProvider.setDisabled(manager.id, id, true)],
      ['removing it', ({ manager, id }) => services().ownProvider.remove(manager.id, id)],
      [
        'an administrator',
        async ({ id }) => services().providers.update(await idOf(id), { client_id: 'theirs' }),
      ],
      [
        'an administrator, at the organization',
        ({ id }) => services().organizations.update(id, { provider_roles: [] }),
      ],
    ]

    test.each(changes)(
      'a form that was opened before is refused, with what was typed: %s',
      async (_, change) => {
        const one = await setUp()
        const page = await one.browser.open(at(one.path))
        await change(one)
        const before = await services().ownProvider.get(one.manager.id, one.id)
        const stale = await one.browser.submit(page, { 'Client ID': 'mine' }, { button: 'Save' })
        expect([stale.status, stale.text]).toEqual([
          409,
          expect.stringContaining('changed since you opened this form'),
        ])
        expect(JSON.stringify(stale.forms)).toContain('mine')
        expect(await services().ownProvider.get(one.manager.id, one.id)).toEqual(before)
        if (before.provider !== undefined) expect(stale.text).toContain(before.provider.clientId)
        // It says what is stored, and saving once more is meant for that.
        const secret = { 'Client secret': federation.okta.clientSecret ?? '' }
        const saved = await one.browser.submit(stale, secret, { button: 'Save' })
        expect(saved.text).toContain('Saved.')
        expect((await services().ownProvider.get(one.manager.id, one.id)).provider?.clientId).toBe('mine')
      },
    )

    test('a field that is wrong keeps the version that the form was made of', async () => {
      const one = await setUp()
      const page = await one.browser.open(at(one.path))
      await services().ownProvider.save(one.manager.id, one.id, { ...input(), clientId: 'theirs' })
      // Refused for the version before it is looked at.
      const form = { Issuer: `https://login.example/${'a'.repeat(500)}`, 'Client ID': 'mine' }
      expect((await one.browser.submit(page, form, { button: 'Save' })).status).toBe(409)
      const fresh = await one.browser.open(at(one.path))
      const secret = { 'Client secret': federation.okta.clientSecret ?? '' }
      // Others are faster than the page that says what is wrong.
      const { ownProvider, providers } = services()
      const { save } = ownProvider
      ownProvider.save = async (...given) => {
        ownProvider.save = save
        await save(...given).finally(async () =>
          providers.update(await idOf(one.id), { client_id: 'theirs again' }),
        )
      }
      const wrong = await one.browser.submit(fresh, { ...form, ...secret }, { button: 'Save' })
      expect([wrong.status, wrong.text]).toEqual([
        422,
        expect.stringContaining('Enter the issuer as the provider has it'),
      ])
      const again = await one.browser.submit(
        wrong,
        { Issuer: federation.okta.issuer, ...secret },
        { button: 'Save' },
      )
      expect(again.status).toBe(409)
      expect((await services().ownProvider.get(one.manager.id, one.id)).provider?.clientId).toBe(
        'theirs again',
      )
    })

    test('the page that asks about removing it removes what it showed', async () => {
      const one = await setUp()
      const asked = await one.browser.open(at(`${one.path}/remove`))
      await services().ownProvider.save(one.manager.id, one.id, { ...input(), clientId: 'theirs' })
      const refused = await one.browser.submit(asked, {}, { button: 'Remove provider' })
      expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('is not removed')])
      expect(await services().providers.ofOrganization(one.id)).toHaveLength(1)
      await one.browser.submit(refused, {}, { button: 'Remove provider' })
      expect(await services().providers.ofOrganization(one.id)).toEqual([])
    })

    test('by JSON: ETag, and If-Match or 412; without it, any state is meant', async () => {
      const one = await setUp()
      const api = createApi(federation.latchkey.issuer)
      const { json } = await api.post('/login', { username: one.manager.username, password: PASSWORD })
      const authorization = `Bearer ${String(json.access_token)}`
      const path = `/me/organizations/${one.id}/provider`
      const call = (method: string, body?: object, match?: string) =>
        api.call(method, path, { body, headers: { authorization, ...(match && { 'if-match': match }) } })
      const tag = async () => (await call('GET')).headers.get('etag') ?? ''
      const body = { issuer: federation.okta.issuer, client_id: 'mine', current_password: PASSWORD }
      const seen = await tag()
      expect(seen).toMatch(/^"[\w-]{22}"$/)
      expect(await tag()).toBe(seen)
      await services().ownProvider.save(one.manager.id, one.id, { ...input(), clientId: 'theirs' })
      for (const [method, sent] of [
        ['PUT', body],
        ['DELETE', { current_password: PASSWORD }],
      ] as const) {
        const refused = await call(method, sent, seen)
        expect([refused.status, refused.json.code]).toEqual([412, 'precondition_failed'])
      }
      expect((await services().ownProvider.get(one.manager.id, one.id)).provider?.clientId).toBe('theirs')
      const put = await call('PUT', body, await tag())
      expect([put.status, put.headers.get('etag')]).toEqual([200, await tag()])
      expect((await call('PUT', { ...body, client_id: 'any' })).status).toBe(200)
      expect((await call('PUT', body, `W/${await tag()}`)).status).toBe(412)
      expect((await call('DELETE', { current_password: PASSWORD }, await tag())).status).toBe(204)
    })

    test('of two managers at once one changes it, and all that is stored is of that one', async () => {
      const one = await setUp()
      for (let round = 0; round < 4; round++) {
        const { version: ifVersion } = await services().ownProvider.get(one.manager.id, one.id)
        // In every other round they differ in what is stored at the organization alone.
        const name = (who: string) => (round % 2 === 0 ? `${who}${round}` : `same${round}`)
        const sent = ['a', 'b'].map((who) => ({ ...input(), clientId: name(who), join: who === 'a' }))
        const done = await Promise.allSettled(
          sent.map((each) => services().ownProvider.save(one.manager.id, one.id, each, { ifVersion })),
        )
        expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
        const [lost] = done.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
        expect(lost).toMatchObject({ code: 'version_conflict', status: 409 })
        const stored = await services().ownProvider.get(one.manager.id, one.id)
        const won = sent[done.findIndex(({ status }) => status === 'fulfilled')]
        expect([stored.provider?.clientId, stored.join]).toEqual([won?.clientId, won?.join])
      }
    })

    test('two managers who set it up at once make one, whole', async () => {
      const one = await managed()
      const { version: ifVersion } = await services().ownProvider.get(one.manager.id, one.id)
      const sent = ['a', 'b'].map((who) => ({ ...input(), clientId: who, join: who === 'a' }))
      const done = await Promise.allSettled(
        sent.map((each) => services().ownProvider.save(one.manager.id, one.id, each, { ifVersion })),
      )
      expect(done.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
      const stored = await services().ownProvider.get(one.manager.id, one.id)
      const won = sent[done.findIndex(({ status }) => status === 'fulfilled')]
      expect([stored.provider?.clientId, stored.join]).toEqual([won?.clientId, won?.join])
    })

    test('what is refused by the provider that is stored leaves nothing of itself at the organization', async () => {
      const one = await setUp()
      const { providers, ownProvider } = services()
      const before = await ownProvider.get(one.manager.id, one.id)
      const { update } = providers
      providers.update = async (id, ...given) => {
        await providers.disable(id)
        return update(id, ...given)
      }
      try {
        const change = { ...input(), clientId: 'mine', join: false, roles: [] }
        await expect(ownProvider.save(one.manager.id, one.id, change)).rejects.toMatchObject({
          code: 'version_conflict',
        })
      } finally {
        providers.update = update
      }
      const { provider, ...after } = await ownProvider.get(one.manager.id, one.id)
      expect(provider).toEqual({ ...before.provider, disabled: true })
      expect(after).toMatchObject({ join: before.join, roles: before.roles, required: before.required })
    })

    test('what was tested is what is stored: a change while the provider is asked is not written over', async () => {
      const one = await setUp()
      const { providers, ownProvider } = services()
      const { tryOut } = providers
      providers.tryOut = async (given) => {
        const findings = await tryOut(given)
        await providers.update(given.id, { client_secret: 'another' })
        return findings
      }
      try {
        const { clientSecret: _, ...without } = input()
        await expect(
          ownProvider.save(one.manager.id, one.id, { ...without, required: true }),
        ).rejects.toMatchObject({ code: 'version_conflict' })
      } finally {
        providers.tryOut = tryOut
      }
      expect((await services().organizations.get(one.id)).provider_required).toBe(false)
      expect(await providers.secretIs(await idOf(one.id), 'another')).toBe(true)
    })

    test('one that administrators have given to others is theirs: its managers are told so', async () => {
      const one = await setUp()
      await services().providers.update(await idOf(one.id), { organization: null })
      await expect(services().ownProvider.save(one.manager.id, one.id, input())).rejects.toMatchObject({
        ...{ code: 'provider_of_administrators', status: 409 },
      })
      const { provider, join } = await services().ownProvider.get(one.manager.id, one.id)
      expect([provider, join]).toEqual([undefined, true])
    })
  },
)
