/**
 * The APIs (resource servers) whose JWT access tokens this server issues, by resource indicator (RFC 8707). It does
 * not decide who may have a token for one: a client names the scopes it may ask for in its own `scope`.
 */

import { hash } from 'node:crypto'
import { z } from 'zod'
import type { Clock } from '../../shared/clock.ts'
import { AppError, VersionConflict } from '../../shared/errors.ts'
import { isLoopbackHost } from '../../shared/loopback.ts'
import { schemaProblems, ValidationError } from '../../shared/validation-error.ts'
import type { Database } from '../../storage/database.ts'
import { scopeText } from '../fields/kinds.ts'
import { type Page, type PageRequest, parsePageRequest, toPage } from '../page.ts'
import { sharedScopeWarnings } from '../scopes/shared.ts'
import { createResourceStore, type ResourceRow } from './store.ts'

export interface Resource {
  identifier: string
  name: string
  /** Space-separated scope values. */
  scope: string
  /** Lifetime of its access tokens in seconds; absent: the server's default. */
  access_token_ttl?: number
  tokens: TokenFormat
  /** Space-separated: those of its scopes that a client gets which names the API and none of them; absent: none. */
  default_scopes?: string
}

/**
 * How an API checks its access tokens. `jwt`: by itself, from the signature (RFC 9068); one that was revoked counts there until it
 * expires. `opaque`: it asks here about each (RFC 7662), so that a revocation counts at once.
 */
export type TokenFormat = (typeof TOKEN_FORMATS)[number]
const TOKEN_FORMATS = ['jwt', 'opaque'] as const

/** What the protocol needs of a resource. */
export interface ResourceForProtocol {
  identifier: string
  name: string
  /** Space-separated scope values. */
  scope: string
  /** Seconds; null: the server's default. */
  accessTokenTtl: number | null
  tokens: TokenFormat
  /** Space-separated; may be empty. */
  defaultScopes: string
}

export interface ResourceEvent {
  type: 'resource.added' | 'resource.updated' | 'resource.removed'
  identifier: string
  name: string
  before?: Resource
  after?: Resource
}

export interface ResourcesDependencies {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  /** Told of every change after it is stored. */
  events(event: ResourceEvent): void
  /** Resource indicators of the server itself, which cannot be registered, with a slash at the end or without. */
  reserved?: readonly string[]
}

export type Resources = ReturnType<typeof createResources>

const DAY = 86_400
const MOST_OF_A_SCOPE = 100
/** OpenID Connect Core §5.4, §11: they ask for claims about a person, never for an API. */
const IDENTITY_SCOPES = new Set([
  'openid',
  'profile',
  'email',
  'address',
  'phone',
  'offline_access',
  'identity_provider',
])

const TTL_RANGE = { error: `must be a whole number of seconds from 60 to ${7 * DAY}, for example 3600` }

const resourceInput = z.strictObject({
  identifier: z.string({ error: 'is missing; give the URI of the API, like https://api.example' }),
  name: z
    .string({ error: 'must be text' })
    .trim()
    .min(1, 'must not be empty')
    .max(200, 'is too long')
    .optional(),
  scope: scopeText,
  access_token_ttl: z
    .int(TTL_RANGE)
    .min(60, TTL_RANGE)
    .max(7 * DAY, TTL_RANGE)
    .nullish(),
  tokens: z.enum(TOKEN_FORMATS, { error: `must be ${TOKEN_FORMATS.join(' or ')}` }).optional(),
  default_scopes: scopeText.or(z.literal('')).nullish(),
})

export function createResources({ db, clock, events, reserved = [] }: ResourcesDependencies) {
  const store = createResourceStore(db)
  return {
    /** @throws ValidationError (invalid_resource, every problem at once) · AppError resource_exists (409) */
    async add(input: Readonly<Record<string, unknown>>): Promise<Resource> {
      const row = { ...parseResource(input), createdAt: new Date(clock()) }
      if (reserved.includes(row.id.replace(/\/$/, '')) || !(await store.insert(row))) {
        throw new AppError('resource_exists', 409, 'There is an API with this identifier already.')
      }
      const after = resourceView(row)
      events({ type: 'resource.added', identifier: row.id, name: row.name, after })
      return after
    },

    /** Newest first. @throws AppError invalid_page (400) */
    async list(request: PageRequest = {}): Promise<Page<Resource>> {
      const { limit, after } = parsePageRequest(request)
      return toPage(await store.list(limit + 1, after), limit, resourceView)
    },

    /**
     * Changes the given fields; null unsets one. Tokens that were issued keep their scope.
     * @param given.ifVersion the `resourceVersion` that the change is meant for
     * @throws ValidationError (invalid_resource, every problem at once) · AppError resource_not_found (404),
     *   version_conflict (409)
     */
    async update(
      identifier: string,
      changes: Readonly<Record<string, unknown>>,
      { ifVersion }: { ifVersion?: string | undefined } = {},
    ): Promise<Resource> {
      const found = findable(identifier) ? await store.find(identifier) : undefined
      if (found === undefined) throw notFound()
      const before = resourceView({ id: identifier, ...found })
      if (ifVersion !== undefined && ifVersion !== resourceVersion(before)) throw new VersionConflict('API')
      if (changes.identifier !== undefined && changes.identifier !== identifier)
        throw new ValidationError(
          { identifier: 'cannot be changed; tokens name it as their audience' },
          { code: 'invalid_resource' },
        )
      const { id, ...row } = parseResource(withoutNulls({ ...before, ...changes }))
      if (!(await store.update(id, row, new Date(clock()), ifVersion === undefined ? undefined : found)))
        throw ifVersion === undefined ? notFound() : new VersionConflict('API')
      const after = resourceView({ id, ...row })
      events({ type: 'resource.updated', identifier, name: after.name, before, after })
      return after
    },

    /** Tokens that were issued for it live on until they expire. @throws AppError resource_not_found (404) */
    async remove(identifier: string): Promise<void> {
      const row = findable(identifier) ? await store.find(identifier) : undefined
      if (row === undefined || !(await store.remove(identifier))) {
        throw notFound()
      }
      const before = resourceView({ id: identifier, ...row })
      events({ type: 'resource.removed', identifier, name: row.name, before })
    },

    /** The longest lifetime that tokens of one have by its registration, in seconds; 0: all have the server's default. */
    longestTtl: async (): Promise<number> => (await store.longestTtl()) ?? 0,

    /** As an administrator sees it. */
    async get(identifier: string): Promise<Resource | undefined> {
      const row = findable(identifier) ? await store.find(identifier) : undefined
      return row && resourceView({ id: identifier, ...row })
    },

    /** The read of every request with a `resource`: one prepared statement. Compared as an exact string. */
    async findForProtocol(identifier: string): Promise<ResourceForProtocol | undefined> {
      const row = findable(identifier) ? await store.find(identifier) : undefined
      return row && { identifier, ...row }
    },

    /** The resources with this scope value, a hundred at most. One prepared statement. */
    async findByScope(scope: string): Promise<ResourceForProtocol[]> {
      if (!SCOPE_TOKEN.test(scope)) return []
      return (await store.findByScope(scope, MOST_OF_A_SCOPE)).map(({ id, ...row }) => ({
        identifier: id,
        ...row,
      }))
    },

    /** What an administrator should know of its scopes: those that other APIs have too. */
    async warningsOf(resource: Pick<Resource, 'identifier' | 'scope'>): Promise<string[]> {
      return sharedScopeWarnings(resource, async (scope) =>
        (await store.findByScope(scope, MOST_OF_A_SCOPE)).map(({ id }) => ({ identifier: id })),
      )
    },

    /** Those of some scopes that an API gives by default. */
    async defaultsAmong(scopes: readonly string[]): Promise<string[]> {
      const defaults: string[] = []
      for (const scope of scopes) {
        const found = SCOPE_TOKEN.test(scope) ? await store.findByScope(scope, MOST_OF_A_SCOPE) : []
        if (found.some(({ defaultScopes }) => defaultScopes.split(' ').includes(scope))) defaults.push(scope)
      }
      return defaults
    },

    /** The resources with this scope value, a hundred at most. */
    async listByScope(scope: string): Promise<Resource[]> {
      return (await store.findByScope(scope, MOST_OF_A_SCOPE)).map(resourceView)
    },
  }
}

/** The same for the same content: going back to what it was is no change. */
export const resourceVersion = ({ identifier: _, ...content }: Resource): string =>
  hash('sha256', JSON.stringify(Object.entries(content).sort()), 'base64url').slice(0, 22)

const notFound = (): AppError =>
  new AppError('resource_not_found', 404, 'There is no API with this identifier.')

const withoutNulls = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/** What would be stored. @throws ValidationError (invalid_resource) with every problem at once */
export const completeResource = (input: Readonly<Record<string, unknown>>) => ({
  ...resourceView(parseResource(input)),
})

function parseResource(input: Readonly<Record<string, unknown>>): Omit<ResourceRow, 'createdAt'> {
  const parsed = resourceInput.safeParse(input)
  const problems = schemaProblems(parsed.error)
  // Checked apart from the fields' types, so that both kinds are reported at once.
  if (typeof input.identifier === 'string') {
    const message = identifierProblem(input.identifier)
    if (message !== undefined) problems.push({ field: 'identifier', message })
  }
  const identity =
    typeof input.scope === 'string' ? input.scope.split(/\s+/).filter((s) => IDENTITY_SCOPES.has(s)) : []
  if (identity.length > 0) {
    const message = `has ${identity.join(', ')}, which belongs to OpenID Connect; use names of your own`
    problems.push({ field: 'scope', message })
  }
  // A client that may ask for them may administer this server (src/oidc/tokens/admin-tokens.ts).
  if (typeof input.scope === 'string' && input.scope.split(/\s+/).some((s) => s.startsWith('admin:'))) {
    const message = 'begins with admin:, which belongs to the administration API; use names of your own'
    problems.push({ field: 'scope', message })
  }
  const own = typeof input.scope === 'string' ? input.scope.split(/\s+/) : []
  const defaults = typeof input.default_scopes === 'string' ? input.default_scopes.split(/\s+/) : []
  const foreign = defaults.filter((scope) => scope !== '' && !own.includes(scope))
  if (foreign.length > 0) {
    const message = `has ${foreign.join(', ').slice(0, 200)}, which the API does not have; name some of its own scopes`
    problems.push({ field: 'default_scopes', message })
  }
  if (!parsed.success || problems.length > 0)
    throw new ValidationError(problems, { code: 'invalid_resource' })
  const {
    identifier,
    name,
    scope,
    access_token_ttl: ttl,
    tokens = 'jwt',
    default_scopes: defaultScopes,
  } = parsed.data
  return {
    id: identifier,
    name: name ?? identifier.slice(0, 200),
    scope,
    accessTokenTtl: ttl ?? null,
    tokens,
    defaultScopes: defaultScopes ?? '',
  }
}

/** RFC 8707 §2: an absolute URI without a fragment. A query is advised against there, and refused here. */
function identifierProblem(identifier: string): string | undefined {
  if (identifier.length > 500) return 'is longer than 500 characters'
  if (!/^[\x21-\x7e]+$/.test(identifier)) return 'must be an absolute URI in ASCII, like https://api.example'
  if (/[#?\\*]/.test(identifier))
    return 'must not have a fragment, query, backslash or wildcard (RFC 8707 §2)'
  if (/^urn:[a-z0-9][a-z0-9-]{0,31}:./.test(identifier)) return undefined
  const url = URL.parse(identifier)
  const local = url?.protocol === 'http:' && isLoopbackHost(url.hostname)
  if (url === null || (url.protocol !== 'https:' && !local)) {
    return 'must be an https or urn: URI (http on loopback only), like https://api.example'
  }
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password'
  // Only exact strings match: a spelling that a URL library changes would never be asked for.
  if (identifier !== url.href && `${identifier}/` !== url.href)
    return `is spelt in an unusual way; write ${url.href}`
  return undefined
}

/** RFC 6749 §3.3; anything else is in no resource, and NUL is nothing that PostgreSQL takes. */
const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,500}$/

const findable = (identifier: string): boolean => /^[\x21-\x7e]{1,500}$/.test(identifier)

const resourceView = ({ id, ...row }: Omit<ResourceRow, 'createdAt'>): Resource =>
  describeResource({ identifier: id, ...row })

/** A resource by the names of its fields to the outside. */
const describeResource = ({
  accessTokenTtl: ttl,
  defaultScopes,
  ...resource
}: ResourceForProtocol): Resource => ({
  identifier: resource.identifier,
  name: resource.name,
  scope: resource.scope,
  ...(ttl !== null && { access_token_ttl: ttl }),
  tokens: resource.tokens,
  ...(defaultScopes !== '' && { default_scopes: defaultScopes }),
})
