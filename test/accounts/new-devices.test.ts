import { expect, test } from 'vitest'
import { linkIn } from '../support/mailbox.ts'
import { forEachDatabase } from './support.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0'
const home = { address: '192.0.2.7', userAgent: 'shop/3.1' }
const abroad = { address: '203.0.113.9', userAgent: 'shop/3.1' }

forEachDatabase('new devices', (fixture) => {
  const told = async (username: string) =>
    (await fixture().mailsTo(`${username}@example.org`)).filter(({ subject }) => /new device/.test(subject))
  const tokenOf = (mail: { text: string }) => linkIn(mail).searchParams.get('token') ?? ''
  /** Signs in, and waits for what is sent. */
  async function arrive(
    username: string,
    accountId: string,
    by: 'browser' | 'quietly' | 'tokens',
    from: { address: string; userAgent: string } = home,
  ) {
    const { newDevices } = fixture().accounts
    const arrival = { accountId, amr: ['pwd'], ...from }
    if (by === 'tokens') newDevices.byTokens(arrival)
    else newDevices.inBrowser(arrival, by === 'browser')
    return told(username)
  }

  test('the first sign-in is not told, the next on a new device is: device, time, address, how', async () => {
    const id = await fixture().verified('first')
    expect(await arrive('first', id, 'browser')).toHaveLength(0)
    const [mail] = await arrive('first', id, 'browser', { address: '203.0.113.9', userAgent: FIREFOX })
    expect(mail?.text).toContain('first')
    expect(mail?.text).toContain('203.0.113.9')
    expect(mail?.text).toContain('the password')
    expect(mail?.text).toContain('22 Nov 2026, 12:00 UTC')
    expect(linkIn(mail ?? { text: '' }).pathname).toBe('/login/not-me')
  })

  test('who came by a link in a mail has signed in before, and is not told of it', async () => {
    const id = await fixture().verified('linked-in')
    expect(await arrive('linked-in', id, 'quietly')).toHaveLength(0)
    expect(await arrive('linked-in', id, 'quietly', abroad)).toHaveLength(0)
    expect(await arrive('linked-in', id, 'browser', abroad)).toHaveLength(1)
  })

  test('a program is known by its network and kind, whatever its version, for ninety days', async () => {
    const id = await fixture().verified('program')
    await arrive('program', id, 'tokens')
    expect(
      await arrive('program', id, 'tokens', { address: '192.0.2.200', userAgent: 'shop/3.2' }),
    ).toHaveLength(0)
    expect(await arrive('program', id, 'tokens', abroad)).toHaveLength(1)
    expect(await arrive('program', id, 'tokens', abroad)).toHaveLength(1)
    expect(await arrive('program', id, 'tokens', { ...home, userAgent: 'thief/1' })).toHaveLength(2)
    fixture().later(91 * 86_400)
    expect(await arrive('program', id, 'tokens')).toHaveLength(3)
    fixture().later(-91 * 86_400)
  })

  test('of sign-ins at once from one new place one is told', async () => {
    const id = await fixture().verified('at-once')
    await arrive('at-once', id, 'tokens')
    const { newDevices } = fixture().accounts
    for (let n = 0; n < 10; n++) newDevices.byTokens({ accountId: id, amr: ['pwd'], ...abroad })
    expect(await told('at-once')).toHaveLength(1)
  })

  test('at most five messages an hour, and twenty places of an account are kept', async () => {
    const id = await fixture().verified('flooded')
    for (let n = 0; n < 30; n++)
      await arrive('flooded', id, 'browser', { address: `198.51.${n}.1`, userAgent: 'thief' })
    expect(await told('flooded')).toHaveLength(5)
    const kept = await fixture().db.prisma.signInPlace.count({ where: { accountId: id } })
    expect(kept).toBeLessThanOrEqual(21)
    fixture().later(3601)
    expect(await arrive('flooded', id, 'browser', abroad)).toHaveLength(6)
    fixture().later(-3601)
  })

  test('“Not you?” ends every sign-in and the wait for another address, once, and sends a link that sets a password', async () => {
    const id = await fixture().verified('hijacked')
    await arrive('hijacked', id, 'browser')
    const [mail] = await arrive('hijacked', id, 'browser', abroad)
    const { accounts } = fixture()
    await accounts.changeEmail(id, 'thief@example.org')
    const token = tokenOf(mail ?? { text: '' })
    expect(await accounts.newDevices.peek(token)).toMatchObject({
      username: 'hijacked',
      address: '203.0.113.9',
    })
    const before = await accounts.byId(id)
    fixture().ended.length = 0
    const done = await Promise.all([accounts.newDevices.disown(token), accounts.newDevices.disown(token)])
    expect(done.toSorted()).toEqual(['sent', undefined])
    expect(fixture().ended.map(({ accountId }) => accountId)).toContain(id)
    const after = await accounts.byId(id)
    expect(after?.generation).toBeGreaterThan(before?.generation ?? 0)
    expect(after?.pendingEmail).toBeNull()
    const reset = await fixture().lastMailTo('hijacked@example.org')
    expect(linkIn(reset).pathname).toBe('/reset-password')
    expect(await accounts.newDevices.peek(token)).toBeUndefined()
    expect(fixture().events.filter(({ type }) => type === 'account.sign_in_disowned')).toHaveLength(1)
  })

  test('the link works for thirty days, and not once the password was changed by a link', async () => {
    const id = await fixture().verified('late')
    await arrive('late', id, 'browser')
    const [mail] = await arrive('late', id, 'browser', abroad)
    const { newDevices } = fixture().accounts
    const token = tokenOf(mail ?? { text: '' })
    fixture().later(29 * 86_400)
    expect(await newDevices.peek(token)).toBeDefined()
    fixture().later(2 * 86_400)
    expect(await newDevices.peek(token)).toBeUndefined()
    fixture().later(-31 * 86_400)
    expect(await newDevices.peek('x'.repeat(43))).toBeUndefined()
    expect(await newDevices.disown('')).toBeUndefined()
  })
})
