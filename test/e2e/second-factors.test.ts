import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { codeOf, wrongCodeOf } from '../factors/support.ts'
import { scan } from '../support/scan.ts'
import { type E2eFixture, openE2eFixture, type Tab } from './e2e-fixture.ts'
import { fill, follow, heading, press, signInAtAccount, text } from './steps.ts'

describe.each(['on', 'off'])('second factors on the account page (JavaScript %s)', (scripts) => {
  let e2e: E2eFixture
  beforeAll(async () => {
    e2e = await openE2eFixture()
  })
  afterAll(() => e2e?.close())

  async function security() {
    const person = await e2e.latchkey.createUser()
    const page = await e2e.tab({ javaScriptEnabled: scripts === 'on' })
    await signInAtAccount(page, e2e.latchkey.issuer, person)
    await follow(page, 'Security')
    await heading(page, 'Security')
    return { page, person }
  }

  /** @returns the key that was set up */
  async function setUp(page: Tab): Promise<string> {
    await press(page, 'Set up an authenticator app')
    await heading(page, 'Set up an authenticator app')
    const key = (await text(page, '[data-secret]')).replaceAll(/\s/g, '')
    await fill(page, 'Code', codeOf(key, Date.now()))
    await press(page, 'Turn on')
    return key
  }

  test('an app is set up by its QR code or its key, and a wrong code changes nothing', async () => {
    const { page, person } = await security()
    await press(page, 'Set up an authenticator app')
    await heading(page, 'Set up an authenticator app')
    const shown = await text(page, '[data-secret]')
    expect(shown).toMatch(/^([A-Z2-7]{4} ){7}[A-Z2-7]{4}$/)
    const key = shown.replaceAll(' ', '')
    const uri = (await scan(page.locator('svg.qr'))) ?? ''
    expect(new URL(uri).searchParams.get('secret')).toBe(key)
    expect(uri).toContain(encodeURIComponent(person.username))

    await fill(page, 'Code', wrongCodeOf(key, Date.now()))
    await press(page, 'Turn on')
    await page.locator('small.error', { hasText: 'The code is not right.' }).waitFor()
    expect(await text(page, '[data-secret]')).toBe(shown)
    await page.reload()
    expect(await text(page, '[data-secret]')).toBe(shown)
    const account = () => e2e.latchkey.services.accounts.byId(person.id)
    expect(await account()).toMatchObject({ secondFactors: [] })

    await fill(page, 'Code', codeOf(key, Date.now()))
    await press(page, 'Turn on')
    await heading(page, 'Recovery codes')
    expect(await account()).toMatchObject({ secondFactors: ['totp'] })
    expect(page.complaints).toEqual([])
  })

  test('recovery codes are shown once, can be downloaded, and made anew', async () => {
    const { page, person } = await security()
    await setUp(page)
    await heading(page, 'Recovery codes')
    const codes = await page.locator('[data-recovery-code]').allInnerTexts()
    expect(codes).toHaveLength(10)
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      follow(page, 'Download them as text'),
    ])
    const chunks = await (await download.createReadStream()).toArray()
    const file = Buffer.concat(chunks).toString()
    for (const code of codes) expect(file).toContain(code)
    expect(download.suggestedFilename()).toMatch(/^recovery-codes-localhost-\d+\.txt$/)

    await page.reload()
    await page.getByText('10 codes are left.').waitFor()
    expect(await page.locator('[data-recovery-code]').count()).toBe(0)
    await press(page, 'Create new recovery codes')
    await page.locator('[data-recovery-code]').first().waitFor()
    const renewed = await page.locator('[data-recovery-code]').allInnerTexts()
    expect(renewed.filter((code) => codes.includes(code))).toEqual([])
    await page
      .getByRole('button', { name: 'I have kept them' })
      .or(page.getByRole('link', { name: 'I have kept them' }))
      .click()
    await heading(page, 'Security')

    const { factors } = e2e.latchkey.services
    for (const code of renewed.slice(0, 7))
      await factors.verify({ accountId: person.id, method: 'recovery_code', code })
    await page.reload()
    await page.getByText('3 left').waitFor()
    expect(page.complaints).toEqual([])
  })

  test('an app password is shown once, and removed', async () => {
    const { page, person } = await security()
    await setUp(page)
    await heading(page, 'Recovery codes')
    await follow(page, 'Security')
    await follow(page, 'App passwords')
    await fill(page, 'Name', 'x'.repeat(60))
    await press(page, 'Create an app password')
    const password = await text(page, '#app-password')
    const { appPasswords } = e2e.latchkey.services.factors
    expect(await appPasswords.find(password.trim())).toMatchObject({ accountId: person.id })
    await page.reload()
    expect(await page.locator('#app-password').count()).toBe(0)
    await page.getByText('Remove …').click()
    await heading(page, 'Remove an app password')
    await press(page, 'Remove')
    await page.getByText('The app password is removed.').waitFor()
    expect(await appPasswords.find(password.trim())).toBeUndefined()
    expect(page.complaints).toEqual([])
  })

  test('an app is removed after a page that says what ends with it', async () => {
    const { page, person } = await security()
    await setUp(page)
    await heading(page, 'Recovery codes')
    await follow(page, 'Security')
    await page.getByText('Remove …').click()
    await heading(page, 'Remove a second factor')
    await page.getByText('It is your only second factor').waitFor()
    await press(page, 'Remove')
    await page.getByText('It is removed.').waitFor()
    expect(await e2e.latchkey.services.accounts.byId(person.id)).toMatchObject({ secondFactors: [] })
    expect(page.complaints).toEqual([])
  })

  test('remembered devices are listed, and forgotten one by one or all', async () => {
    const { page, person } = await security()
    await setUp(page)
    await heading(page, 'Recovery codes')
    const { rememberedBrowsers } = e2e.latchkey.services.factors
    const account = { id: person.id, generation: 0 }
    const userAgent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
    for (let i = 0; i < 3; i++)
      await rememberedBrowsers.remember(account, { userAgent, address: '192.0.2.1' })
    await follow(page, 'Security')
    await page.getByRole('button', { name: 'Forget Firefox on Linux' }).first().click()
    await page.getByText('That device is asked for a second factor again.').waitFor()
    expect(await rememberedBrowsers.list(account)).toHaveLength(2)
    await press(page, 'Forget all')
    await page.getByText('Every device is asked for a second factor again.').waitFor()
    expect(await rememberedBrowsers.list(account)).toEqual([])
  })

  test('a sign-in that is not fresh is asked for again first', async () => {
    const { page } = await security()
    e2e.shiftClock(16 * 60_000)
    await press(page, 'Set up an authenticator app')
    await heading(page, 'Sign in')
    e2e.shiftClock(0)
  })
})
