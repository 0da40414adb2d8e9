import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { engines } from '../support/latchkey.ts'
import { type E2eFixture, openE2eFixture } from './e2e-fixture.ts'
import {
  allow,
  clicksIn,
  codeFor,
  fill,
  follow,
  heading,
  newcomer,
  press,
  register,
  signedInAs,
  startAt,
  text,
} from './steps.ts'

describe.each(engines)('the whole journey on %s', (engine) => {
  let e2e: E2eFixture
  beforeAll(async () => {
    e2e = await openE2eFixture({ engine })
  })
  afterAll(() => e2e?.close())

  test.each(['on', 'off'])(
    'create an account on the way into an app, use the app, sign out (JavaScript %s)',
    async (scripts) => {
      const { app, latchkey } = e2e
      const person = newcomer()
      const page = await e2e.tab({ javaScriptEnabled: scripts === 'on' })

      await startAt(page, app)
      await follow(page, 'Create account')
      expect(await text(page)).toContain('to continue to Harbour Notes')
      await follow(page, 'Back to signing in to Harbour Notes')
      await follow(page, 'Create account')
      await register(page, person)
      await fill(page, 'Verification code', await codeFor(latchkey, person))
      await press(page, 'Verify')

      await heading(page, 'Allow access?')
      const consent = await text(page)
      expect(consent).toContain('Harbour Notes')
      expect(consent).toContain(person.username)
      expect(consent).toContain('See your email address')
      await allow(page)

      await signedInAs(page, person.username)
      expect(page.url()).toBe(`${app.url}/`)
      // Sign in, Create account, Create account, Verify, Allow; and to the sign-in page and back again, above.
      expect(clicksIn(page)).toBe(5 + 2)
      const userinfo = JSON.parse(await text(page, 'h2:text("Userinfo") + pre'))
      expect(userinfo).toMatchObject({
        preferred_username: person.username,
        email: person.email,
        email_verified: true,
      })

      await press(page, 'Refresh now')
      await page.getByText('The tokens were renewed.').waitFor()

      await press(page, 'Sign out')
      await heading(page, 'You are signed out')
      expect(page.url()).toMatch(new RegExp(`^${app.url}/signed-out`))

      // Nothing is left: the app asks, and Latchkey asks for the password again.
      await startAt(page, app)
      expect(page.complaints).toEqual([])
    },
  )
})
