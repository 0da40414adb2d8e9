import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createSecurityFixture, type SecurityFixture, type TestClient } from '../security/attacker.ts'
import { PASSWORD } from '../support/latchkey.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import { heading, signInAtAccount, tabTo, typeInto } from './steps.ts'

const QUARTER = 900_000

describe.each(['on', 'off'])('prompt=select_account, by the keyboard alone (JavaScript %s)', (scripts) => {
  let e2e: E2eFixture
  let fixture: SecurityFixture
  let client: TestClient
  let app: Server
  let callback: string
  beforeAll(async () => {
    e2e = await openE2eFixture()
    fixture = createSecurityFixture(e2e.latchkey)
    app = createServer((_request, response) => response.end('the app')).listen(0, '127.0.0.1')
    await once(app, 'listening')
    callback = `http://127.0.0.1:${(app.address() as AddressInfo).port}/callback`
    client = await fixture.client({ client_name: 'Tide Tables', redirect_uris: [callback] })
  })
  afterAll(async () => {
    await e2e?.close()
    app?.close()
  })

  /** A tab in which somebody is signed in, at the choice between accounts. */
  async function choice(person: { username: string }) {
    const page = await e2e.tab({ javaScriptEnabled: scripts === 'on' })
    await signInAtAccount(page, fixture.issuer, person)
    await page.goto(fixture.authorizeUrl(client, { prompt: 'select_account' }))
    await heading(page, 'Choose an account')
    await page.getByText(`Signed in as ${person.username}`).waitFor()
    return page
  }

  /** Who came back to the app. */
  async function subject(page: Page): Promise<unknown> {
    await page.waitForURL(`${callback}?*`)
    const code = String(new URL(page.url()).searchParams.get('code'))
    const tokens = await fixture.exchange(client, {
      code,
      verifier: 'v'.repeat(43),
      redirect_uri: callback,
    })
    return (await fixture.userinfo(tokens.json.access_token)).json.sub
  }

  test('who is signed in goes on', async () => {
    const one = await e2e.latchkey.createUser()
    const page = await choice(one)
    await tabTo(page, `Continue as ${one.username}`)
    await page.keyboard.press('Enter')
    expect(await subject(page)).toBe(one.id)
    expect(page.complaints).toEqual([])
  })

  test('another person signs in, after a wrong password too, and may be new here', async () => {
    const other = await e2e.latchkey.createUser()
    const page = await choice(await e2e.latchkey.createUser())
    await tabTo(page, 'Use another account')
    await page.keyboard.press('Enter')
    await heading(page, 'Sign in')
    await page.getByRole('link', { name: 'Create account' }).waitFor()
    await typeInto(page, 'Email or username', other.username)
    await page.keyboard.press('Tab')
    await typeInto(page, 'Password', 'not-the-password')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').waitFor()
    await page.getByRole('link', { name: 'Create account' }).waitFor()
    await typeInto(page, 'Password', PASSWORD)
    await page.keyboard.press('Enter')
    expect(await subject(page)).toBe(other.id)
    expect(page.complaints).toEqual([])
  })

  test('nobody goes on: back to the app, which is told', async () => {
    const page = await choice(await e2e.latchkey.createUser())
    await tabTo(page, 'Cancel and return to Tide Tables')
    await page.keyboard.press('Enter')
    await page.waitForURL(`${callback}?*`)
    expect(new URL(page.url()).searchParams.get('error')).toBe('access_denied')
  })

  test('who is to sign in again is asked for the password, and not invited to make an account', async () => {
    const person = await e2e.latchkey.createUser()
    const page = await choice(person)
    await page.goto(fixture.authorizeUrl(client, { prompt: 'login' }))
    await heading(page, 'Sign in')
    expect(await page.getByRole('link', { name: 'Create account' }).count()).toBe(0)
    e2e.shiftClock(QUARTER)
    await page.goto(`${fixture.issuer}/login?again=1&return_to=/account`)
    await page.getByText('Sign in again to confirm that it is you.').waitFor()
    expect(await page.getByRole('link', { name: 'Create account' }).count()).toBe(0)
  })
})
