import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createAuthenticator, givePasskey } from '../support/authenticator.ts'
import { engines, type Latchkey, startLatchkey } from '../support/latchkey.ts'
import { movableClock, withAuthenticatorApp } from '../support/second-factor.ts'
import { signedIn } from './console.ts'
import { machine, person, type Rest } from './rest/support.ts'

describe.each(engines)('second factors of users, for administrators on %s', (engine) => {
  const clock = movableClock()
  let latchkey: Latchkey
  let admin: Awaited<ReturnType<typeof signedIn>>
  let rest: Rest
  const at = (path: string) => admin.browser.open(`${latchkey.issuer}${path}`)
  let made = 0
  const withApp = async () => {
    const user = await latchkey.createUser(`app${engine}${++made}`)
    return { ...user, app: await withAuthenticatorApp(latchkey, user.id, clock) }
  }
  const factorsOf = async (id: string) => (await latchkey.services.accounts.byId(id))?.secondFactors
  beforeAll(async () => {
    latchkey = await startLatchkey({ engine, clock: clock.now })
    admin = await signedIn(latchkey)
    rest = (await machine(latchkey)).rest
  })
  afterAll(() => latchkey?.stop())

  describe('the console', () => {
    test('shows what a person has, and which rule requires one', async () => {
      const { id } = await withApp()
      const page = await at(`/admin/users/${id}`)
      expect(page.text).toMatch(/Authenticator app ?since \d+ \w+ 2026.*last used –/)
      expect(page.text).toContain('10 are left')
      expect(page.text).toContain('Not required.')
      const own = await at(`/admin/users/${admin.id}`)
      expect(own.text).toContain('No second factor is set up.')
    })

    test('requires one of a person, and takes that back', async () => {
      const { id } = await latchkey.createUser()
      const required = async () => (await latchkey.services.accounts.byId(id))?.secondFactorRequired
      const page = await admin.browser.submit(
        await at(`/admin/users/${id}`),
        {},
        { button: 'Require a second factor' },
      )
      expect([page.text.includes('Required of this person.'), await required()]).toEqual([true, true])
      const back = await admin.browser.submit(page, {}, { button: 'Require no longer' })
      expect([back.text.includes('Not required.'), await required()]).toEqual([true, false])
    })

    test('starts a recovery, which removes nothing, tells the person that an administrator did, and names them in the log', async () => {
      const user = await withApp()
      const asked = await admin.browser.follow(await at(`/admin/users/${user.id}`), 'Start recovery …')
      expect(asked.text).toMatch(/get a link that removes them after a delay.*Authenticator app/s)
      const page = await admin.browser.submit(asked, {}, { button: 'Start recovery' })
      expect(page.text).toContain('An administrator started to remove all of them')
      expect(page.text).not.toContain('Start recovery')
      expect(await factorsOf(user.id)).toEqual(['totp'])
      expect((await latchkey.mailTo(user.email)).text).toMatch(/an administrator of .* started to recover/)
      const [entry] = (await latchkey.services.audit.list({ target: user.id }, { limit: 1 })).items
      expect(entry).toMatchObject({ action: 'account.recovery_started', actor: { id: admin.id } })
      const stopped = await admin.browser.submit(page, {}, { button: 'Stop the recovery' })
      expect(stopped.text).toContain('The recovery is stopped')
      expect(stopped.text).toContain('Start recovery')
      expect((await latchkey.mailTo(user.email)).text).toContain('an administrator stopped it')
    })

    test('an auditor sees it all and changes nothing', async () => {
      const user = await withApp()
      const auditor = await signedIn(latchkey, 'auditor')
      const page = await auditor.browser.open(`${latchkey.issuer}/admin/users/${user.id}`)
      expect(page.text).toContain('Authenticator app')
      for (const button of ['Start recovery', 'Require a second factor'])
        expect(page.text).not.toContain(button)
    })

    test('finds people with a second factor, without, and with a passkey', async () => {
      const app = await withApp()
      const passkey = await latchkey.createUser(`key${engine}`)
      await givePasskey(latchkey, passkey, createAuthenticator(latchkey.issuer))
      const none = await latchkey.createUser(`none${engine}`)
      const found = async (second_factor: string) => {
        const { text } = await at(`/admin/users?${new URLSearchParams({ second_factor })}`)
        return [app, passkey, none].map(({ email }) => text.includes(email))
      }
      expect(await found('any')).toEqual([true, true, false])
      expect(await found('none')).toEqual([false, false, true])
      expect(await found('passkey')).toEqual([false, true, false])
      expect(await found('nonsense')).toEqual([true, true, true])
    })

    test('says on its first page how many people have one', async () => {
      const { people, withSecondFactor, withPasskey } = await latchkey.services.accounts.secondFactorShares()
      expect(withSecondFactor).toBeGreaterThan(withPasskey)
      expect(people).toBeGreaterThan(withSecondFactor)
      const { text } = await at('/admin')
      expect(text).toContain(`${withSecondFactor} of ${people} people who can sign in`)
      expect(text).toContain(`${withPasskey} of ${people} people who can sign in`)
      expect((await rest.get('/overview')).json).toMatchObject({
        ...{ people, people_with_second_factor: withSecondFactor, people_with_passkey: withPasskey },
      })
    })
  })

  describe('REST', () => {
    test('lists the factors of a user, and which rule requires one', async () => {
      const { id } = await withApp()
      const { json } = await rest.get(`/users/${id}/factors`)
      expect(json).toEqual({
        items: [{ id: expect.any(String), kind: 'totp', created_at: expect.any(String), last_used_at: null }],
        recovery_codes_left: 10,
        required_by: null,
        recovery: null,
      })
      expect((await rest.get(`/users/${id}`)).json).toMatchObject({
        ...{ second_factors: ['totp'], second_factor_required: false },
      })
      expect((await rest.get('/users/none/factors')).status).toBe(404)
    })

    test('names the rule that requires one: everybody, the role, the person', async () => {
      const { id } = await latchkey.createUser()
      const ruleOf = async (user: string) => (await rest.get(`/users/${user}/factors`)).json.required_by
      const { settings } = latchkey.services
      try {
        await settings.change({ second_factor: 'admins' })
        expect([await ruleOf(id), await ruleOf(admin.id)]).toEqual([null, 'role'])
        await settings.change({ second_factor: 'everyone' })
        expect([await ruleOf(id), await ruleOf(admin.id)]).toEqual(['setting', 'setting'])
      } finally {
        await settings.change({ second_factor: 'optional' })
      }
      await rest.patch(`/users/${id}`, { second_factor_required: true })
      expect(await ruleOf(id)).toBe('person')
    })

    test('requires one of a user, and filters by it', async () => {
      const { id } = await latchkey.createUser()
      const patch = (second_factor_required: unknown) =>
        rest.patch(`/users/${id}`, { second_factor_required })
      expect((await patch(true)).json).toMatchObject({ second_factor_required: true })
      expect((await rest.get(`/users/${id}/factors`)).json).toMatchObject({ required_by: 'person' })
      expect((await patch('yes')).json).toMatchObject({
        errors: { second_factor_required: ['Say true or false.'] },
      })
      expect(await patch(false)).toMatchObject({
        ...{ status: 403, json: { code: 'administration_not_granted' } },
      })
      const by = (await person(latchkey, 'admin')).rest
      expect((await by.patch(`/users/${id}`, { second_factor_required: false })).json).toMatchObject({
        second_factor_required: false,
      })
      const [entry] = (await latchkey.services.audit.list({ target: id }, { limit: 1 })).items
      expect(entry).toMatchObject({
        details: { before: { second_factor_required: true }, after: { second_factor_required: false } },
      })
      const listed = (await rest.get('/users?second_factor=any')).json.items ?? []
      expect(listed.length).toBeGreaterThan(0)
      expect(listed.every(({ second_factors }) => (second_factors as string[]).length > 0)).toBe(true)
      expect((await rest.get('/users?second_factor=some')).status).toBe(422)
    })

    test('DELETE starts a recovery and removes nothing; once more says when it is ready; it can be stopped', async () => {
      const { id } = await withApp()
      const first = await rest.delete(`/users/${id}/factors`)
      expect(first).toMatchObject({ status: 202, json: { ready_at: expect.any(String) } })
      expect(await rest.delete(`/users/${id}/factors`)).toMatchObject({ status: 202, json: first.json })
      expect(await factorsOf(id)).toEqual(['totp'])
      expect((await rest.get(`/users/${id}/factors`)).json).toMatchObject({
        recovery: { started_by: 'administrator', ...first.json },
      })
      expect((await rest.delete(`/users/${id}/recovery`)).status).toBe(204)
      expect(await rest.delete(`/users/${id}/recovery`)).toMatchObject({
        ...{ status: 409, json: { code: 'no_recovery' } },
      })
      const nobody = await latchkey.createUser()
      expect(await rest.delete(`/users/${nobody.id}/factors`)).toMatchObject({
        ...{ status: 409, json: { code: 'no_second_factor' } },
      })
    })

    test('a client that acts for itself starts and stops none of an administrator, an auditor of nobody', async () => {
      const { id } = await withApp()
      await latchkey.services.accounts.setRole(id, 'admin')
      for (const path of ['factors', 'recovery'])
        expect(await rest.delete(`/users/${id}/${path}`)).toMatchObject({
          ...{ status: 403, json: { code: 'administration_not_granted' } },
        })
      expect((await rest.patch(`/users/${id}`, { second_factor_required: true })).status).toBe(403)
      const auditor = await person(latchkey, 'auditor')
      const user = await withApp()
      expect((await auditor.rest.get(`/users/${user.id}/factors`)).status).toBe(200)
      expect((await auditor.rest.delete(`/users/${user.id}/factors`)).status).toBe(403)
    })
  })
})
