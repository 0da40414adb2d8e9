import { type ApiDocument, documentOf } from '../../api/support.ts'
import { createHttpBrowser } from '../../support/flow.ts'
import { type Latchkey, PASSWORD } from '../../support/latchkey.ts'
import { discover } from '../../support/relying-party.ts'

export interface RestAnswer {
  status: number
  headers: Headers
  text: string
  /** The parsed body; an empty object when there is none. */
  json: Record<string, unknown> & { items?: Record<string, unknown>[] }
}

export interface RestRequest {
  body?: unknown
  headers?: Record<string, string>
}

const documents = new Map<string, Promise<ApiDocument>>()

/** @throws Error when an answer is not one of those that are documented */
async function checkDocumented(
  issuer: string,
  method: string,
  path: string,
  answer: RestAnswer,
): Promise<void> {
  const document = documents.get(issuer) ?? documentOf(issuer)
  documents.set(issuer, document)
  const parts = `/api/admin${path}`.split('?', 1)[0]?.split('/') ?? []
  const templates = Object.entries((await document).paths)
  const fits = (template: string[], exactly: boolean) =>
    template.length === parts.length &&
    template.every((part, i) => part === parts[i] || (!exactly && /^{/.test(part)))
  const found =
    templates.find(([template]) => fits(template.split('/'), true)) ??
    templates.find(([template]) => fits(template.split('/'), false))
  const documented = found?.[1][method.toLowerCase()]?.responses[answer.status]
  const type = answer.headers.get('content-type')?.split(';')[0]
  const types = Object.keys(documented?.content ?? {})
  const file = type !== undefined && /^text\/csv|jsonl$|\/yaml$/.test(type)
  if (documented === undefined || (type !== undefined && !file && !types.includes(type)))
    throw new Error(`${method} ${path} is not documented to answer ${answer.status} ${type}: ${answer.text}`)
}

/** A program that calls the administration API with one token, and looks whether each answer is documented. */
export function createRest(issuer: string, token?: string) {
  const call = async (method: string, path: string, request: RestRequest = {}): Promise<RestAnswer> => {
    const response = await fetch(`${issuer}/api/admin${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(request.body !== undefined && { 'content-type': 'application/json' }),
        ...request.headers,
      },
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    })
    const text = await response.text()
    const json = /json/.test(response.headers.get('content-type') ?? '') && text !== '' ? safe(text) : {}
    const answer = { status: response.status, headers: response.headers, text, json }
    await checkDocumented(issuer, method, path, answer)
    return answer
  }
  return {
    call,
    get: (path: string) => call('GET', path),
    post: (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      call('POST', path, { body, headers }),
    put: (path: string, body?: unknown, headers: Record<string, string> = {}) =>
      call('PUT', path, { body, headers }),
    patch: (path: string, body: unknown, headers: Record<string, string> = {}) =>
      call('PATCH', path, { body, headers }),
    delete: (path: string, headers: Record<string, string> = {}) => call('DELETE', path, { headers }),
  }
}

export type Rest = ReturnType<typeof createRest>

const safe = (text: string) => {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** A client that acts for itself, and its token. */
export async function machine(latchkey: Latchkey, scope = 'admin:read admin:write', asked = scope) {
  const { client_id, client_secret = '' } = await latchkey.services.clients.create({
    client_name: 'Automation',
    grant_types: ['client_credentials'],
    scope,
  })
  const party = await discover({
    issuer: latchkey.issuer,
    clientId: client_id,
    auth: { method: 'client_secret_basic', secret: client_secret },
  })
  const fresh = async (scopes = asked) => (await party.clientCredentials({ scope: scopes })).access_token
  const token = await fresh()
  return { client_id, client_secret, token, fresh, party, rest: createRest(latchkey.issuer, token) }
}

/** A person of a role who has signed in to an application of ours, and the token that it got. */
export async function person(
  latchkey: Latchkey,
  role: string,
  client: Record<string, unknown> = {},
  scope = 'openid admin:read admin:write',
) {
  const user = await latchkey.createUser()
  await latchkey.services.accounts.setRole(user.id, role)
  const app = await latchkey.createClient({ scope, first_party: true, ...client })
  const party = await discover({
    issuer: latchkey.issuer,
    clientId: app.client_id,
    redirectUri: app.redirect_uri,
    auth: { method: 'client_secret_basic', secret: app.client_secret ?? '' },
  })
  const browser = createHttpBrowser({ stopAt: [app.redirect_uri] })
  const request = await party.authorize({ scope })
  const page = await browser.open(request.url)
  const done = await browser.signIn(page, { identifier: user.email, password: PASSWORD })
  const tokens = await party.callback(done.url, request)
  return { ...user, app, party, tokens, browser, rest: createRest(latchkey.issuer, tokens.access_token) }
}
