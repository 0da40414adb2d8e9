/**
 * The APIs (resource servers) whose JWT access tokens this server issues, by resource indicator (RFC 8707). It does
 * not decide who may have a token for one: a client names the scopes it may ask for in its own `scope`.
 */

import type { Clock } from '../../shared/clock.ts'
import { AppError, VersionConflict } from '../../shared/errors.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { type Page, type PageRequest, parsePageRequest, toPage } from '../../shared/paging.ts'
import { isScopeToken } from '../../shared/scope-token.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import type { Database } from '../../storage/database.ts'
import { rememberRecent } from '../for-protocol/recent.ts'
import { positionOf, searchText } from '../page.ts'
import { sharedScopeWarnings } from '../scopes/shared.ts'
import {
  parseResource,
  type Resource,
  type ResourceForProtocol,
  resourceForProtocol,
  resourceVersion,
  resourceView,
} from './resource.ts'
import { createResourceStore } from './store.ts'

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

/** APIs that are looked at for one scope. */
const MAX_OF_A_SCOPE = 100

/** The registered APIs. */
export interface Resources {
  /** @throws ValidationError (invalid_resource, every problem at once) · AppError resource_exists (409) */
  add(input: Readonly<Record<string, unknown>>): Promise<Resource>
  /** Newest first. @throws AppError invalid_page (400) */
  list(request?: PageRequest): Promise<Page<Resource>>
  /** The newest with a text in identifier or name. @param limit of how many */
  search(text: string, limit: number): Promise<Pick<Resource, 'identifier' | 'name'>[]>
  /**
   * Changes the given fields; null unsets one. Tokens that were issued keep their scope.
   * @param given.ifVersion the `resourceVersion` that the change is meant for
   * @throws ValidationError (invalid_resource, every problem at once) · AppError resource_not_found (404), version_conflict (409)
   */
  update(
    identifier: string,
    changes: Readonly<Record<string, unknown>>,
    given?: { ifVersion?: string | undefined },
  ): Promise<Resource>
  /** Tokens that were issued for it live on until they expire. @throws AppError resource_not_found (404) */
  remove(identifier: string, given?: { ifVersion?: string | undefined }): Promise<void>
  /** The longest lifetime that tokens of one have by its registration, in seconds; 0: all have the server's default. */
  longestTtl(): Promise<number>
  /** As an administrator sees it. */
  get(identifier: string): Promise<Resource | undefined>
  /** The read of every request with a `resource`, remembered for a second (for-protocol/recent.ts). Compared as an exact string. */
  findForProtocol(identifier: string): Promise<ResourceForProtocol | undefined>
  /** Those with this scope value, a hundred at most. One prepared statement. */
  findByScope(scope: string): Promise<ResourceForProtocol[]>
  /** What an administrator should know of its scopes: those that other APIs have too. */
  warningsOf(resource: Pick<Resource, 'identifier' | 'scope'>): Promise<string[]>
  /** Those of some scopes that an API gives by default. */
  defaultsAmong(scopes: readonly string[]): Promise<string[]>
  /** Those with this scope value as an administrator sees them, a hundred at most. */
  listByScope(scope: string): Promise<Resource[]>
}

export function createResources(deps: ResourcesDependencies): Resources {
  const { db, clock, reserved = [] } = deps
  const store = createResourceStore(db)
  const recent = rememberRecent(async (identifier): Promise<ResourceForProtocol | undefined> => {
    const row = findable(identifier) ? await store.find(identifier) : undefined
    return row && resourceForProtocol({ id: identifier, ...row })
  }, clock)
  const events = (event: ResourceEvent): void => {
    recent.forget(event.identifier)
    deps.events(event)
  }
  return {
    async add(input: Readonly<Record<string, unknown>>): Promise<Resource> {
      const row = { ...parseResource(input), createdAt: new Date(clock()) }
      if (reserved.includes(row.id.replace(/\/$/, '')) || !(await store.insert(row))) {
        throw new AppError('resource_exists', 409, message('admin.resources.error.exists'))
      }
      const after = resourceView(row)
      events({ type: 'resource.added', identifier: row.id, name: row.name, after })
      return after
    },

    async list(request: PageRequest = {}): Promise<Page<Resource>> {
      const { limit, after } = parsePageRequest(request)
      return toPage(await store.list(limit + 1, after), limit, positionOf, resourceView)
    },

    async search(text, limit) {
      const wanted = searchText(text)
      const rows = wanted === undefined ? [] : await store.search(wanted, limit)
      return rows.map(({ id: identifier, name }) => ({ identifier, name }))
    },

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
          { identifier: t('admin.resources.problem.identifier.fixed') },
          { code: 'invalid_resource' },
        )
      const { id, ...row } = parseResource(withoutNulls({ ...describedWithin(before, changes), ...changes }))
      if (!(await store.update(id, row, new Date(clock()), ifVersion === undefined ? undefined : found)))
        throw ifVersion === undefined ? notFound() : new VersionConflict('API')
      const after = resourceView({ id, ...row })
      events({ type: 'resource.updated', identifier, name: after.name, before, after })
      return after
    },

    async remove(identifier: string, { ifVersion }: { ifVersion?: string | undefined } = {}): Promise<void> {
      const row = findable(identifier) ? await store.find(identifier) : undefined
      if (row === undefined) throw notFound()
      const before = resourceView({ id: identifier, ...row })
      if (ifVersion !== undefined && ifVersion !== resourceVersion(before)) throw new VersionConflict('API')
      if (!(await store.remove(identifier, ifVersion === undefined ? undefined : row)))
        throw ifVersion === undefined ? notFound() : new VersionConflict('API')
      events({ type: 'resource.removed', identifier, name: row.name, before })
    },

    longestTtl: async (): Promise<number> => (await store.longestTtl()) ?? 0,

    async get(identifier: string): Promise<Resource | undefined> {
      const row = findable(identifier) ? await store.find(identifier) : undefined
      return row && resourceView({ id: identifier, ...row })
    },

    findForProtocol: recent.find,

    async findByScope(scope: string): Promise<ResourceForProtocol[]> {
      if (!isFindableScope(scope)) return []
      return (await store.findByScope(scope, MAX_OF_A_SCOPE)).map(resourceForProtocol)
    },

    async warningsOf(resource: Pick<Resource, 'identifier' | 'scope'>): Promise<string[]> {
      return sharedScopeWarnings(resource, async (scope) =>
        (await store.findByScope(scope, MAX_OF_A_SCOPE)).map(({ id }) => ({ identifier: id })),
      )
    },

    async defaultsAmong(scopes: readonly string[]): Promise<string[]> {
      const defaults: string[] = []
      for (const scope of scopes) {
        const found = isFindableScope(scope) ? await store.findByScope(scope, MAX_OF_A_SCOPE) : []
        if (found.some(({ defaultScopes }) => defaultScopes.split(' ').includes(scope))) defaults.push(scope)
      }
      return defaults
    },

    async listByScope(scope: string): Promise<Resource[]> {
      return (await store.findByScope(scope, MAX_OF_A_SCOPE)).map(resourceView)
    },
  }
}

const notFound = (): AppError =>
  new AppError('resource_not_found', 404, message('admin.resources.error.not_found'))

/** What there is before a change that takes scopes away: their words go with them, unless the change has words of its own. */
function describedWithin(before: Resource, { scope }: Readonly<Record<string, unknown>>): Resource {
  const { scope_descriptions: descriptions } = before
  if (typeof scope !== 'string' || descriptions === undefined) return before
  const left = scope.split(/\s+/)
  const kept = Object.entries(descriptions).filter(([each]) => left.includes(each))
  return { ...before, scope_descriptions: Object.fromEntries(kept) }
}

const withoutNulls = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null))

/** Anything else is in no resource, and NUL is nothing that PostgreSQL takes. */
const isFindableScope = (scope: string): boolean => scope.length <= 500 && isScopeToken(scope)

const findable = (identifier: string): boolean => /^[\x21-\x7e]{1,500}$/.test(identifier)
