import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Groups } from '../../access/groups/groups.ts'
import type { Account } from '../../accounts/account.ts'
import type { Accounts } from '../../accounts/accounts.ts'
import type { CountFailure, Limit } from '../../http/rate-limits/rate-limits.ts'
import type { Clock } from '../../shared/clock.ts'
import type { DirectoryStore } from '../directory/store.ts'
import type { Bearer } from '../tokens/store.ts'
import type { ScimTokens } from '../tokens/tokens.ts'
import { scimError } from './errors.ts'
import type { Library } from './library.ts'

export interface ScimDependencies {
  clock: Clock
  issuer: URL
  tokens: Pick<ScimTokens, 'accept'>
  accounts: Pick<Accounts, 'byId' | 'provisioning'>
  canonicalEmail(typed: string): string | undefined
  canonicalUsername(typed: string): string
  /** Takes back an account that was just created. */
  deleteAccount(id: string): Promise<void>
  groups: Pick<Groups, 'create' | 'update' | 'remove' | 'get' | 'find' | 'addMember' | 'removeMember'>
  /** What the directory of one organization works on. */
  organizations: OrganizationDirectory
  ofAdministrators: { group(id: string): Promise<boolean> }
  nameKey(name: string): string
  store: DirectoryStore<Account>
  limit: Limit
  countFailure: CountFailure
  /** What an error of the database means. */
  translate(error: unknown): unknown
}

/** Members of an organization, and its roles, which are the groups of its directory. */
export interface OrganizationDirectory {
  /** Whether it has verified the domain of an address. */
  owns(organizationId: string, email: string): Promise<boolean>
  /** Makes an account a member. */
  join(organizationId: string, accountId: string): Promise<void>
  /** Who is no member stays none. */
  leave(organizationId: string, accountId: string): Promise<void>
  /** Names of the template. */
  roles(): readonly string[]
  rolesOf(
    organizationId: string,
    accountIds: readonly string[],
  ): Promise<{ accountId: string; id: string; name: string }[]>
  withRole(
    organizationId: string,
    role: string,
    most: number,
  ): Promise<{ accountId: string; username: string }[]>
  /** @throws AppError not_a_member (404), busy (409) */
  setRole(organizationId: string, accountId: string, role: string, has: boolean): Promise<void>
}

/** What a request comes with, once it is let in. */
export interface Caller {
  bearer: Bearer
  library: Library
}

const callers = new WeakMap<FastifyRequest, Caller>()

export const admit = (request: FastifyRequest, caller: Caller): void => void callers.set(request, caller)

export function callerOf(request: FastifyRequest): Caller {
  const caller = callers.get(request)
  if (caller === undefined)
    throw new Error(`${request.routeOptions.url} is not behind the tokens of directories`)
  return caller
}

export interface ScimResource extends Record<string, unknown> {
  id: string
  meta: { resourceType?: string; created?: string; lastModified?: string; location: string; version: string }
}

/** Answers with a document. @param reply its status is set before */
export const answer = (reply: FastifyReply, document: object): FastifyReply =>
  reply.type('application/scim+json; charset=utf-8').send(JSON.stringify(document))

/** Answers with a resource and its version (RFC 7644 §3.14). */
export function answerResource(
  request: FastifyRequest,
  reply: FastifyReply,
  resource: ScimResource,
): FastifyReply {
  reply.headers({ etag: resource.meta.version, location: resource.meta.location })
  if (request.method === 'GET' && matches(request.headers['if-none-match'], resource.meta.version))
    return reply.code(304).send()
  return answer(reply, projected(resource, request.query as Record<string, unknown>))
}

const bare = (tag: string): string => tag.trim().replace(/^W\//, '')
const matches = (header: string | undefined, version: string): boolean =>
  header !== undefined &&
  (header.trim() === '*' || header.split(',').some((tag) => bare(tag) === bare(version)))

/** Whether a change is meant for this version: versions are weak, and compared as such. @throws AppError (412) */
export function requireVersion(request: FastifyRequest, version: string): void {
  const header = request.headers['if-match']
  if (header !== undefined && !matches(header, version))
    throw scimError(412, 'This was changed since you read it. Read it again.')
}

const namesIn = (value: unknown): Set<string> | undefined =>
  typeof value === 'string' && value.length <= 2000
    ? new Set(
        value
          .split(',')
          .map(
            (name) =>
              name
                .trim()
                .replace(/^urn:.*:/i, '')
                .split(/[.[]/, 1)[0]
                ?.toLowerCase() ?? '',
          )
          .filter(Boolean),
      )
    : undefined

/** The attributes that a query asks for (RFC 7644 §3.9), whole ones: `name.givenName` asks for the name. */
export function projected(resource: ScimResource, query: Readonly<Record<string, unknown>>): object {
  const [wanted, unwanted] = [namesIn(query.attributes), namesIn(query.excludedAttributes)]
  return Object.fromEntries(
    Object.entries(resource).filter(([name]) => {
      if (name === 'id' || name === 'schemas') return true
      const key = name.toLowerCase()
      return wanted ? wanted.has(key) : !unwanted?.has(key)
    }),
  )
}

/** Whether a query wants an attribute at all. */
export const wants = (query: unknown, attribute: string): boolean =>
  Object.hasOwn(
    projected({ id: '', [attribute]: true, meta: { location: '', version: '' } }, query as never),
    attribute,
  )

const MAX_COUNT = 200
const DEFAULT_COUNT = 100

/** `startIndex` and `count` (RFC 7644 §3.4.2.4): what is too small or large is taken as the nearest that is right. */
export function sliceOf(query: Readonly<Record<string, unknown>>): { offset: number; limit: number } {
  const whole = (name: string, absent: number): number => {
    const value = query[name]
    if (value === undefined || value === '') return absent
    if (typeof value !== 'string' || !/^-?\d{1,9}$/.test(value))
      throw scimError(400, `${name} is a whole number.`, 'invalidValue')
    return Number(value)
  }
  return {
    offset: Math.max(1, whole('startIndex', 1)) - 1,
    limit: Math.min(MAX_COUNT, Math.max(0, whole('count', DEFAULT_COUNT))),
  }
}

/** A page of a list (RFC 7644 §3.4.2). */
export const listOf = (resources: readonly object[], total: number, offset: number): object => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
  totalResults: total,
  startIndex: offset + 1,
  itemsPerPage: resources.length,
  Resources: resources,
})

export const filterOf = (query: Readonly<Record<string, unknown>>): string | undefined =>
  query.filter === undefined ? undefined : String(query.filter)

/** What a directory calls something: text, or nothing. @throws AppError invalidValue (400) */
export function externalIdOf(value: unknown): string | null {
  if (value === null || value === undefined || value === '') return null
  if (typeof value !== 'string' || value.length > 255 || value.includes('\0'))
    throw scimError(400, 'externalId is text of at most 255 characters.', 'invalidValue')
  return value
}
