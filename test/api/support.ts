import { createHttpBrowser, type HttpBrowser } from '../support/flow.ts'
import { type Latchkey, PASSWORD } from '../support/latchkey.ts'

export interface ApiAnswer {
  status: number
  headers: Headers
  text: string
  /** The parsed body; an empty object when there is none. */
  json: Record<string, unknown>
}

export interface ApiRequest {
  /** Sent as JSON. */
  body?: unknown
  /** Sent as it is. */
  raw?: string
  headers?: Record<string, string>
}

export const bearer = (token: unknown) => ({ authorization: `Bearer ${String(token)}` })

export const basic = (user: unknown, password = '') => ({
  authorization: `Basic ${Buffer.from(`${String(user)}:${password}`).toString('base64')}`,
})

/** A program that calls the JSON API. */
export function createApi(issuer: string) {
  async function call(method: string, path: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    const body = request.raw ?? (request.body === undefined ? undefined : JSON.stringify(request.body))
    const response = await fetch(`${issuer}/api/auth${path}`, {
      method,
      redirect: 'manual',
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...request.headers },
      ...(body !== undefined && { body }),
    })
    const text = await response.text()
    const json = text === '' ? {} : (JSON.parse(text) as Record<string, unknown>)
    return { status: response.status, headers: response.headers, text, json }
  }
  return {
    call,
    get: (path: string, headers: Record<string, string> = {}) => call('GET', path, { headers }),
    post: (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      call('POST', path, { body, headers }),
    login: (username: string, password = PASSWORD) =>
      call('POST', '/login', { body: { username, password } }),
    me: (headers: Record<string, string>) => call('GET', '/me', { headers }),
  }
}

export type Api = ReturnType<typeof createApi>

/** The Cookie header of a browser that is signed in by the sign-in page. */
export async function sessionCookie(latchkey: Latchkey, email: string): Promise<string> {
  const browser = createHttpBrowser()
  const page = await browser.open(`${latchkey.issuer}/login`)
  await browser.signIn(page, { identifier: email, password: PASSWORD })
  return cookieOf(browser, latchkey.issuer)
}

export const cookieOf = (browser: HttpBrowser, issuer: string): string =>
  browser.cookies.header(new URL(issuer)) ?? ''

/** The Cookie header that a response sets. */
export const cookiesOf = (headers: Headers): string =>
  headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ')

export const problem = (status: number, code: string) => ({ status, json: { status, code } })

export const invalidCredentials = {
  status: 401,
  json: { title: 'Unauthorized', status: 401, detail: 'Invalid credentials' },
}
