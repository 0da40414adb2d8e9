import type { Latchkey } from '../support/latchkey.ts'

export interface ScimAnswer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: documents of SCIM, which each test looks into
  json: any
}

export const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
export const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error'

/** A directory with a token of its own. */
export async function directory(latchkey: Latchkey, name = 'Entra', organization?: string) {
  const { token } = await latchkey.services.scimTokens.create({ name, organization })
  return createScim(latchkey.issuer, token)
}

export function createScim(issuer: string, token?: string) {
  const call = async (
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<ScimAnswer> => {
    const response = await fetch(`${issuer}/scim/v2${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...(body !== undefined && { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    const text = await response.text()
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: text === '' ? undefined : JSON.parse(text),
    }
  }
  return {
    token,
    call,
    get: (path: string, headers?: Record<string, string>) => call('GET', path, undefined, headers),
    post: (path: string, body: unknown) => call('POST', path, body),
    put: (path: string, body: unknown, headers?: Record<string, string>) => call('PUT', path, body, headers),
    /** @param operations one or several */
    patch: (path: string, operations: unknown[], headers?: Record<string, string>) =>
      call('PATCH', path, { schemas: [PATCH_OP], Operations: operations }, headers),
    delete: (path: string, headers?: Record<string, string>) => call('DELETE', path, undefined, headers),
    find: (kind: 'Users' | 'Groups', filter: string) =>
      call('GET', `/${kind}?${new URLSearchParams({ filter })}`),
  }
}

export type Scim = ReturnType<typeof createScim>

let people = 0
/** A user as Entra creates one by its default mapping. */
export function entraUser(changes: object = {}) {
  const name = `person${++people}-${Math.random().toString(36).slice(2, 8)}`
  return {
    schemas: [
      'urn:ietf:params:scim:schemas:core:2.0:User',
      'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User',
    ],
    externalId: `${name}-object`,
    userName: `${name}@contoso.example`,
    active: true,
    displayName: 'Lee Person',
    title: 'Engineer',
    emails: [{ primary: true, type: 'work', value: `${name}@contoso.example` }],
    meta: { resourceType: 'User' },
    name: { formatted: 'Lee Person', familyName: 'Person', givenName: 'Lee' },
    roles: [],
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': {
      department: 'Research',
      employeeNumber: '701',
    },
    ...changes,
  }
}
