import type * as oidc from 'openid-client'
import { DEVICE_CODE_GRANT } from '../../src/shared/device-code.ts'
import { type Answer, post } from '../security/attacker.ts'
import { type BrowserPage, createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD } from '../support/latchkey.ts'
import { discover } from '../support/relying-party.ts'

/** What a device gets when it asks for a code (RFC 8628 §3.2). */
export interface DeviceAnswer {
  device_code: string
  user_code: string
  verification_uri: string
  verification_uri_complete: string
  expires_in: number
  interval: number
}

export interface Device {
  clientId: string
  secret: string | undefined
  config: oidc.Configuration
  /** Asks for a code as curl does. */
  ask(parameters?: Record<string, string>, headers?: Record<string, string>): Promise<DeviceAnswer>
  askRaw(parameters?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  poll(deviceCode: string, headers?: Record<string, string>): Promise<Answer>
  refresh(refreshToken: unknown): Promise<Answer>
}

/** Registers a device; a public one unless told otherwise. */
export async function registerDevice(
  latchkey: Latchkey,
  metadata: Record<string, unknown> = {},
  issuer = latchkey.issuer,
): Promise<Device> {
  const { client_id: clientId, client_secret: secret } = await latchkey.services.clients.create({
    client_name: 'Living room TV',
    token_endpoint_auth_method: 'none',
    grant_types: [DEVICE_CODE_GRANT, 'refresh_token'],
    ...metadata,
  })
  const auth = secret ? ({ method: 'client_secret_basic', secret } as const) : ({ method: 'none' } as const)
  const { config } = await discover({ issuer: latchkey.issuer, clientId, auth })
  return deviceOf(issuer, clientId, secret, config)
}

/** The same device at another server of the same issuer. */
export function deviceOf(
  issuer: string,
  clientId: string,
  secret: string | undefined,
  config: oidc.Configuration,
): Device {
  const basic: Record<string, string> =
    secret === undefined
      ? {}
      : { authorization: `Basic ${Buffer.from(`${clientId}:${secret}`).toString('base64')}` }
  const who: Record<string, string> = secret === undefined ? { client_id: clientId } : {}
  const send = (path: string, parameters: Record<string, string>, headers: Record<string, string> = {}) =>
    post(`${issuer}${path}`, { ...who, ...parameters }, { ...basic, ...headers })
  const askRaw: Device['askRaw'] = (parameters = {}, headers) =>
    send('/device_authorization', { scope: 'openid profile email', ...parameters }, headers)
  return {
    clientId,
    secret,
    config,
    askRaw,
    async ask(parameters, headers) {
      const { status, json, text } = await askRaw(parameters, headers)
      if (status !== 200) throw new Error(`no device code: ${status} ${text}`)
      return json as unknown as DeviceAnswer
    },
    poll: (device_code, headers) => send('/token', { grant_type: DEVICE_CODE_GRANT, device_code }, headers),
    refresh: (refreshToken) =>
      send('/token', { grant_type: 'refresh_token', refresh_token: String(refreshToken) }),
  }
}

export interface Person {
  user: { id: string; username: string; email: string }
  browser: HttpBrowser
}

/** A person with a browser in which they have signed in, or not yet. */
export async function person(latchkey: Latchkey, signedIn = true): Promise<Person> {
  const user = await latchkey.createUser()
  const browser = createHttpBrowser()
  if (signedIn)
    await browser.signIn(await browser.open(`${latchkey.issuer}/login`), {
      identifier: user.username,
      password: PASSWORD,
    })
  return { user, browser }
}

/** Enters a code, and signs in if asked to: up to the page that asks. */
export async function confirmPage(
  latchkey: Pick<Latchkey, 'issuer'>,
  { user, browser }: Person,
  code: string,
): Promise<BrowserPage> {
  const page = await browser.submit(
    await browser.open(`${latchkey.issuer}/device`),
    { Code: code },
    { button: 'Continue' },
  )
  if (!page.forms.some((form) => form.buttons.some(({ label }) => label === 'Sign in'))) return page
  return browser.signIn(page, { identifier: user.username, password: PASSWORD })
}

/** All of it: the code, what asks, “Allow”. */
export const approve = async (latchkey: Pick<Latchkey, 'issuer'>, who: Person, code: string) =>
  who.browser.allow(await confirmPage(latchkey, who, code))
