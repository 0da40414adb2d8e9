import { z } from 'zod'
import { createHttpBrowser, type HttpBrowser } from '../test/support/flow.ts'
import { totpCode } from '../test/support/second-factor.ts'
import { type Target, user } from './target.ts'

const tokens = z.object({ access_token: z.string() })
const created = z.object({ id: z.string(), secret: z.string() })

/** A TOTP code lasts so long, in milliseconds (RFC 6238); each counts once. */
const STEP = 30_000

const REMEMBER = 'Remember this device For 30 days: only the password is asked for here'

/**
 * Gives the account an authenticator app, and signs it in once with “Remember this device”.
 * @returns a browser from which the password alone signs in
 */
export async function rememberedBrowser(target: Target): Promise<HttpBrowser> {
  const { issuer } = target.server
  const send = async (path: string, body: object, token?: string): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) }
    const response = await fetch(`${issuer}/api/auth/${path}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    })
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`)
    return response.json()
  }
  const { identifier, password } = user
  const { access_token: token } = tokens.parse(await send('login', { username: identifier, password }))
  const { id, secret } = created.parse(
    await send('me/factors', { method: 'totp', current_password: password }, token),
  )
  await send(`me/factors/${id}/verify`, { code: totpCode(secret, Date.now() - STEP) }, token)

  const browser = createHttpBrowser()
  const page = await browser.signIn(await browser.open(`${issuer}/login`), user)
  const code = totpCode(secret, Date.now())
  const last = await browser.submit(page, { Code: code, [REMEMBER]: true }, { button: 'Continue' })
  if (last.status !== 200 || last.url.pathname === '/login/verify')
    throw new Error(`the second factor answered ${last.status} at ${last.url.pathname}`)
  return browser
}
