import { describe, expect, test } from 'vitest'
import { refusedDomain } from '../../src/accounts/email/domains.ts'
import { forEachDatabase, password } from './support.ts'

describe('refusedDomain', () => {
  test.each(['ada@example.com', 'ada@example.org'])('lets %s through', (email) => {
    expect(refusedDomain(['example.com', 'example.org'], email)).toBeUndefined()
  })

  test('without domains, every address is let through', () => {
    expect(refusedDomain([], 'ada@elsewhere.net')).toBeUndefined()
  })

  test.each([
    'ada@elsewhere.net',
    'ada@sub.example.com',
    'ada@notexample.com',
    'ada@example.com.elsewhere.net',
    'example.com@elsewhere.net',
  ])('refuses %s', (email) => {
    expect(refusedDomain(['example.com'], email)).toBe('Use an address at example.com.')
  })

  test('names every domain in the way out', () => {
    expect(refusedDomain(['example.com', 'example.org'], 'a@b.net')).toBe(
      'Use an address at example.com or example.org.',
    )
  })
})

const sentence = 'Use an address at example.org or xn--bcher-kva.example.'

forEachDatabase(
  'email domains',
  (fixture) => {
    test('nobody registers with an address elsewhere, and is told so beside what else is wrong', async () => {
      const registering = fixture().accounts.register({
        username: 'a@b',
        email: 'Eve@Elsewhere.net',
        password,
      })
      await expect(registering).rejects.toMatchObject({
        status: 422,
        sentences: { email: sentence, username: expect.any(String) },
      })
      const alone = fixture().accounts.register({ username: 'eve', email: 'eve@sub.example.org', password })
      await expect(alone).rejects.toMatchObject({ status: 422, sentences: { email: sentence } })
      expect(await fixture().accounts.find('eve')).toBeUndefined()
    })

    test('an address of the domains registers, however it is spelt', async () => {
      await fixture().register('upper', 'Upper@EXAMPLE.ORG')
      await fixture().register('idna', 'idna@bücher.example')
      expect((await fixture().accounts.find('idna'))?.pendingEmail).toBe('idna@xn--bcher-kva.example')
    })

    test('nobody changes to an address elsewhere; the one in use may be kept', async () => {
      const id = await fixture().verified('mover')
      await expect(fixture().accounts.changeEmail(id, 'mover@elsewhere.net')).rejects.toMatchObject({
        status: 422,
        sentences: { email: sentence },
      })
      expect(await fixture().accounts.byId(id)).toMatchObject({ pendingEmail: null })
      expect(await fixture().accounts.changeEmail(id, 'moved@example.org')).toBe(true)

      const guest = await fixture().accounts.createByAdmin({
        username: 'guest',
        email: 'guest@elsewhere.net',
        password,
        verified: true,
      })
      expect(await fixture().accounts.changeEmail(guest.id, 'guest@elsewhere.net')).toBe(false)
    })
  },
  { settings: { emailDomains: ['example.org', 'xn--bcher-kva.example'] } },
)
