import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openSetup } from '../../src/welcome.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { allow, enter, fill, follow, heading, press, signedInAs, signIn, startAt } from './steps.ts'

describe.each(['on', 'off'])('several apps, several people (JavaScript %s)', (scripts) => {
  let e2e: E2eFixture
  const tab = () => e2e.tab({ javaScriptEnabled: scripts === 'on' })
  beforeAll(async () => {
    e2e = await openE2eFixture()
  })
  afterAll(() => e2e?.close())

  test('the set-up link makes the first administrator, once', async () => {
    const { services, issuer } = e2e.latchkey
    const link = await openSetup(services)
    const page = await tab()
    await page.goto(String(link))
    await heading(page, 'Welcome to Latchkey')
    await fill(page, 'Username', 'root')
    await fill(page, 'Email', 'root@example.com')
    await fill(page, 'Password', PASSWORD)
    await press(page, 'Create administrator')
    await heading(page, 'Set up')
    const administrator = await services.accounts.find('root')
    expect(administrator?.role).toBe('admin')

    const late = await tab()
    await late.goto(String(link))
    await late.getByText('This set-up link was used already').waitFor()
    expect(await openSetup(services)).toBeUndefined()

    // Another person, later, in the same browser: nothing of the administrator is inherited.
    await page.goto(`${issuer}/logout`)
    await press(page, 'Sign out')
    await heading(page, 'Signed out')
    expect([...page.complaints, ...late.complaints]).toEqual([])
  })

  test('a second app asks for consent, not for the password again', async () => {
    const person = await e2e.latchkey.createUser()
    const other = await e2e.startApp('127.0.0.1', { client_name: 'Tide Tables' })
    const page = await tab()
    await enter(page, e2e.app, person)
    await page.goto(other.url)
    await follow(page, 'Sign in')
    await page.getByText('Tide Tables will be able to').waitFor()
    await allow(page)
    await signedInAs(page, person.username)

    // Signing out at one app ends the session of the server: the other one asks again.
    await press(page, 'Sign out')
    await heading(page, 'You are signed out')
    await follow(page, 'Sign in again')
    await heading(page, 'Sign in')
    expect(page.complaints).toEqual([])
  })

  test('an app of our own asks for no consent', async () => {
    const person = await e2e.latchkey.createUser()
    const ours = await e2e.startApp('127.0.0.1', { client_name: 'Our own', first_party: true })
    const page = await tab()
    await startAt(page, ours)
    await signIn(page, person.email)
    await signedInAs(page, person.username)
    await press(page, 'Refresh now')
    await page.getByText('The tokens were renewed.').waitFor()
    expect(page.complaints).toEqual([])
  })
})
