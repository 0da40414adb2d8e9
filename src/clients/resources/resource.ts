/** What an API is registered with: its rules, and how it is shown. */
import { hash } from 'node:crypto'
import { z } from 'zod'
import { isIdentityScope } from '../../shared/identity-scopes.ts'
import { saying, t } from '../../shared/locales/texts.ts'
import { isLoopbackHost } from '../../shared/loopback.ts'
import type { ScopeDescriptions } from '../../shared/scope-descriptions.ts'
import { schemaProblems, ValidationError } from '../../shared/validation-error.ts'
import { scopeText } from '../fields/kinds.ts'
import { EMPTY, parseScopeDescriptions, readScopeDescriptions } from './scope-descriptions.ts'
import type { ResourceRow } from './store.ts'

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
  /** How people read its scopes, by scope; absent: by their own names. */
  scope_descriptions?: ScopeDescriptions
  /** A person gets those of its scopes alone that their roles at it give. */
  scopes_by_role?: true
  /** Space-separated, of groups, roles, entitlements: what its JWT access tokens say of a person (RFC 9068 §2.2.3.1). */
  token_claims?: string
}

/**
 * How an API checks its access tokens. `jwt`: by itself, from the signature (RFC 9068); one that was revoked counts there until it
 * expires. `opaque`: it asks here about each (RFC 7662), so that a revocation counts at once.
 */
export type TokenFormat = (typeof TOKEN_FORMATS)[number]
const TOKEN_FORMATS = ['jwt', 'opaque'] as const

/** What tokens may say of a person, after the attributes of SCIM that RFC 9068 §2.2.3.1 names. */
const TOKEN_CLAIMS = ['groups', 'roles', 'entitlements']

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
  scopeDescriptions: ScopeDescriptions
  scopesByRole: boolean
  /** Space-separated; may be empty. */
  tokenClaims: string
}

const DAY = 86_400

const TTL_RANGE = saying('admin.resources.problem.lifetime')

const CLAIMS = saying('admin.resources.problem.claims', { claims: TOKEN_CLAIMS.join(', ') })

const resourceInput = z.strictObject({
  identifier: z.string(saying('admin.resources.problem.identifier.missing')),
  name: z
    .string(saying('admin.common.problem.text'))
    .trim()
    .min(1, saying('admin.common.problem.empty'))
    .max(200, saying('admin.resources.problem.long'))
    .optional(),
  scope: scopeText,
  access_token_ttl: z
    .int(TTL_RANGE)
    .min(60, TTL_RANGE)
    .max(7 * DAY, TTL_RANGE)
    .nullish(),
  tokens: z.enum(TOKEN_FORMATS, saying('admin.resources.problem.tokens')).optional(),
  default_scopes: z.union([z.literal(''), scopeText], saying('admin.client_errors.scopes')).nullish(),
  scope_descriptions: z.unknown().optional(),
  scopes_by_role: z.boolean(saying('admin.common.problem.boolean')).nullish(),
  token_claims: z
    .string(CLAIMS)
    .transform((text) => [...new Set(text.split(/\s+/).filter(Boolean))].sort())
    .refine((names) => names.every((name) => TOKEN_CLAIMS.includes(name)), CLAIMS)
    .transform((names) => names.join(' '))
    .nullish(),
})

/** The same for the same content: going back to what it was is no change. */
export const resourceVersion = ({ identifier: _, ...content }: Resource): string =>
  hash('sha256', JSON.stringify(Object.entries(content).sort()), 'base64url').slice(0, 22)

/** What would be stored. @throws ValidationError (invalid_resource) with every problem at once */
export const completeResource = (input: Readonly<Record<string, unknown>>) => ({
  ...resourceView(parseResource(input)),
})

/** @throws ValidationError (invalid_resource) with every problem at once */
export function parseResource(input: Readonly<Record<string, unknown>>): Omit<ResourceRow, 'createdAt'> {
  const parsed = resourceInput.safeParse(input)
  const problems = schemaProblems(parsed.error)
  // Checked apart from the fields' types, so that both kinds are reported at once.
  if (typeof input.identifier === 'string') {
    const message = identifierProblem(input.identifier)
    if (message !== undefined) problems.push({ field: 'identifier', message })
  }
  const identity = typeof input.scope === 'string' ? input.scope.split(/\s+/).filter(isIdentityScope) : []
  if (identity.length > 0) {
    const message = t('admin.resources.problem.scope.identity', { scopes: identity.join(', ') })
    problems.push({ field: 'scope', message })
  }
  // A client that may ask for them may administer this server (src/oidc/tokens/admin-tokens.ts).
  if (typeof input.scope === 'string' && input.scope.split(/\s+/).some((s) => s.startsWith('admin:'))) {
    const message = t('admin.resources.problem.scope.admin')
    problems.push({ field: 'scope', message })
  }
  const own = typeof input.scope === 'string' ? input.scope.split(/\s+/) : []
  const defaults = typeof input.default_scopes === 'string' ? input.default_scopes.split(/\s+/) : []
  const foreign = defaults.filter((scope) => scope !== '' && !own.includes(scope))
  if (foreign.length > 0) {
    const message = t('admin.resources.problem.defaults', { scopes: foreign.join(', ').slice(0, 200) })
    problems.push({ field: 'default_scopes', message })
  }
  const descriptions = parseScopeDescriptions(input.scope_descriptions, own)
  if ('problems' in descriptions)
    problems.push(...descriptions.problems.map((message) => ({ field: 'scope_descriptions', message })))
  if (!parsed.success || !('stored' in descriptions) || problems.length > 0)
    throw new ValidationError(problems, { code: 'invalid_resource' })
  const {
    identifier,
    name,
    scope,
    access_token_ttl: ttl,
    tokens = 'jwt',
    default_scopes: defaultScopes,
    scopes_by_role: scopesByRole,
    token_claims: tokenClaims,
  } = parsed.data
  return {
    id: identifier,
    name: name ?? identifier.slice(0, 200),
    scope,
    accessTokenTtl: ttl ?? null,
    tokens,
    defaultScopes: defaultScopes ?? '',
    scopeDescriptions: descriptions.stored,
    scopesByRole: scopesByRole ?? false,
    tokenClaims: tokenClaims ?? '',
  }
}

/** RFC 8707 §2: an absolute URI without a fragment. A query is advised against there, and refused here. */
function identifierProblem(identifier: string): string | undefined {
  if (identifier.length > 500) return t('admin.resources.problem.identifier.long')
  if (!/^[\x21-\x7e]+$/.test(identifier)) return t('admin.resources.problem.identifier.ascii')
  if (/[#?\\*]/.test(identifier)) return t('admin.resources.problem.identifier.parts')
  if (/^urn:[a-z0-9][a-z0-9-]{0,31}:./.test(identifier)) return undefined
  const url = URL.parse(identifier)
  const local = url?.protocol === 'http:' && isLoopbackHost(url.hostname)
  if (url === null || (url.protocol !== 'https:' && !local)) {
    return t('admin.resources.problem.identifier.https')
  }
  if (url.username !== '' || url.password !== '') return t('admin.resources.problem.identifier.user')
  // Only exact strings match: a spelling that a URL library changes would never be asked for.
  if (identifier !== url.href && `${identifier}/` !== url.href)
    return t('admin.resources.problem.identifier.spelt', { url: url.href })
  return undefined
}

/** A stored API, as an administrator sees it. */
export const resourceView = ({
  id,
  accessTokenTtl: ttl,
  defaultScopes,
  scopeDescriptions,
  scopesByRole,
  tokenClaims,
  ...row
}: Omit<ResourceRow, 'createdAt'>): Resource => ({
  identifier: id,
  name: row.name,
  scope: row.scope,
  ...(ttl !== null && { access_token_ttl: ttl }),
  tokens: row.tokens,
  ...(defaultScopes !== '' && { default_scopes: defaultScopes }),
  ...(scopeDescriptions !== EMPTY && { scope_descriptions: readScopeDescriptions(scopeDescriptions) }),
  ...(scopesByRole && { scopes_by_role: true as const }),
  ...(tokenClaims !== '' && { token_claims: tokenClaims }),
})

/** A stored API, as the protocol works with it. */
export const resourceForProtocol = ({ id, ...row }: Omit<ResourceRow, 'createdAt'>): ResourceForProtocol => ({
  identifier: id,
  ...row,
  scopeDescriptions: readScopeDescriptions(row.scopeDescriptions),
})
