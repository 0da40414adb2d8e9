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

export interface ApiDocument {
  openapi: string
  paths: Record<string, Record<string, DocumentedOperation>>
  components: { schemas: Record<string, unknown> }
}

export interface DocumentedOperation {
  operationId: string
  security?: Record<string, unknown>[]
  requestBody?: { required: boolean; content: Record<string, { schema: unknown; example?: unknown }> }
  responses: Record<string, { description: string; content?: Record<string, unknown> }>
}

export const documentOf = async (issuer: string): Promise<ApiDocument> =>
  (await fetch(`${issuer}/api/openapi.json`)).json() as Promise<ApiDocument>

/** The documented operation behind a request; undefined: none. */
export function operationOf(document: ApiDocument, method: string, path: string) {
  const parts = `/api/auth${path}`.split('/')
  const found = Object.entries(document.paths).find(([template]) => {
    const expected = template.split('/')
    return (
      expected.length === parts.length && expected.every((part, i) => part === parts[i] || /^{/.test(part))
    )
  })
  return found?.[1][method.toLowerCase()]
}

/** A program that calls the JSON API. Throws when an answer is not one of those that are documented. */
export function createApi(issuer: string) {
  let document: Promise<ApiDocument> | undefined

  async function checkDocumented(method: string, path: string, answer: ApiAnswer): Promise<void> {
    document ??= documentOf(issuer)
    const operation = operationOf(await document, method, path)
    // The server itself, not an operation, refuses an address that cannot be read or is too long.
    if (operation === undefined || answer.json.code === 'bad_url' || answer.status === 414) return
    const documented = operation.responses[answer.status]
    const type = answer.headers.get('content-type')?.split(';')[0]
    const types = Object.keys(documented?.content ?? {})
    if (documented === undefined || (type === undefined ? types.length > 0 : !types.includes(type)))
      throw new Error(
        `${method} ${path} is not documented to answer ${answer.status} ${type}: ${answer.text}`,
      )
  }

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
    const answer = { status: response.status, headers: response.headers, text, json }
    await checkDocumented(method, path, answer)
    return answer
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
