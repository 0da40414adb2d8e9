import { z } from 'zod'
import { domainOf } from '../../shared/domain-name.ts'
import { type FieldProblem, ValidationError } from '../../shared/validation-error.ts'
import type { ConnectorKind } from '../connector-kind.ts'
import { type MembershipRule, membershipMode, membershipRules } from './membership-rules.ts'
import type { StoredOptions } from './store.ts'

/** The kinds by the name that a configuration uses. */
export type Kinds = Readonly<Record<string, ConnectorKind>>

/** What is parsed when a provider is added. */
export interface NewProvider {
  id: string
  kind: string
  name: string
  clientId: string
  clientSecret: string | undefined
  settings: Readonly<Record<string, unknown>>
  emailDomains: readonly string[]
  keepTokens: boolean
  membershipMode: 'add' | 'sync'
  membershipRules: readonly MembershipRule[]
  /** An ID or short name; null: the whole server's. */
  organization: string | null
}

/** They stand, or may come to stand, where the id of a provider is in a path below /login and /api/auth/oauth. */
const RESERVED = new Set([
  'callback',
  'code',
  'complete',
  'exchange',
  'finish',
  'link',
  'links',
  'organization',
  'passkey',
  'providers',
  'recover',
  'not-me',
  'verify',
])

const ID_RULE =
  'must be 2 to 32 lower-case letters, digits and hyphens, and start with a letter, for example example-corp'

/** What every id looks like; anything else is not worth a query. */
export const isProviderId = (id: string): boolean => /^[a-z][a-z0-9-]{1,31}$/.test(id)

const missing = (what: string) => (issue: { input?: unknown }) =>
  issue.input === undefined ? `is missing; give ${what}` : 'must be text'

const DOMAIN_RULE = 'must be domains, for example example.com'

const domain = z
  .string({ error: DOMAIN_RULE })
  .transform((text) => (/\s/.test(text) ? undefined : domainOf(text)))
  .pipe(z.string({ error: DOMAIN_RULE }))

const ORGANIZATION = 'must be the ID or the short name of an organization'

const MAX_NAME = 60

const providerInput = z.strictObject({
  id: z
    .string({ error: missing('the name that its callback URL has, for example example-corp') })
    .refine(isProviderId, { error: ID_RULE })
    .refine((id) => !RESERVED.has(id), { error: 'is reserved; choose another one' }),
  kind: z.string({ error: missing('the kind of provider') }),
  name: z
    .string({ error: 'must be text' })
    .transform((text) => text.normalize('NFC').trim())
    .refine(
      (text) => text !== '' && [...text].length <= MAX_NAME && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text),
      {
        error: 'must be one line of at most 60 characters, for example Example Corp',
      },
    )
    .optional(),
  // RFC 6749 appendix A.1: client-id = *VSCHAR.
  client_id: z
    .string({ error: missing('the client ID that the provider has given out') })
    .regex(/^[\x20-\x7e]{1,500}$/, { error: 'must be the client ID that the provider has given out' }),
  client_secret: z
    .string({ error: 'must be text' })
    .min(1, { error: 'must not be empty; a public client has none' })
    .max(16_384, { error: 'is longer than 16384 characters' })
    .optional(),
  settings: z.record(z.string(), z.unknown(), { error: 'must be an object' }).default({}),
  email_domains: z
    .array(domain, { error: 'must be a list of domains' })
    .max(100, { error: 'has more than 100 entries' })
    .transform((values) => [...new Set(values)])
    .default([]),
  keep_tokens: z.boolean({ error: 'must be true or false' }).default(false),
  membership_mode: membershipMode,
  membership_rules: membershipRules,
  organization: z
    .string({ error: ORGANIZATION })
    .regex(/^[\w-]{1,100}$/, { error: ORGANIZATION })
    .nullable()
    .default(null),
})

/**
 * @param given.hasSecret whether it has a secret that is not in the input
 * @throws ValidationError with every problem at once; those of a setting under its own name
 */
export function parseProvider(
  input: Readonly<Record<string, unknown>>,
  kinds: Kinds,
  given: { hasSecret?: boolean } = {},
): NewProvider {
  const parsed = providerInput.safeParse(input)
  const problems = parsed.success ? [] : problemsOf(parsed.error)
  const kind = kindOf(kinds, input.kind)
  if (typeof input.kind === 'string' && kind === undefined)
    problems.push({ field: 'kind', message: `must be one of ${kindNames(kinds).join(', ')}` })
  // Looked at apart from the other fields, so that both are reported at once.
  const settings = providerInput.shape.settings.safeParse(input.settings)
  const hasSecret = given.hasSecret === true || input.client_secret !== undefined
  if (kind !== undefined) problems.push(...registrationProblems(kind, settings.data, hasSecret))
  if (!parsed.success || kind === undefined || problems.length > 0)
    throw new ValidationError(problems, { code: 'invalid_provider' })
  const { client_id: clientId, client_secret: clientSecret, ...fields } = parsed.data
  return {
    id: fields.id,
    kind: fields.kind,
    name: fields.name ?? defaultName(kind, fields.settings),
    clientId,
    clientSecret,
    settings: fields.settings,
    emailDomains: fields.email_domains,
    keepTokens: fields.keep_tokens,
    membershipMode: fields.membership_mode,
    membershipRules: fields.membership_rules,
    organization: fields.organization,
  }
}

/** What would be stored, without the secret, which is not in the input. @throws ValidationError with every problem at once */
export function completeProvider(
  input: Readonly<Record<string, unknown>>,
  kinds: Kinds,
  given = { hasSecret: true },
) {
  const parsed = parseProvider(input, kinds, given)
  const { id, kind, name, clientId, clientSecret: _, organization, ...options } = parsed
  return { id, kind, name, client_id: clientId, ...optionsView(options), organization }
}

/** Options as they are written outside. */
export const optionsView = (options: StoredOptions) => ({
  settings: options.settings,
  email_domains: options.emailDomains,
  keep_tokens: options.keepTokens,
  membership_mode: options.membershipMode,
  membership_rules: options.membershipRules,
})

/** In alphabetical order, as messages name them. */
export const kindNames = (kinds: Kinds): string[] => Object.keys(kinds).sort()

/** Undefined: this version has no such kind. */
export const kindOf = (kinds: Kinds, name: unknown): ConnectorKind | undefined =>
  typeof name === 'string' && Object.hasOwn(kinds, name) ? kinds[name] : undefined

/** What the kind says about its settings, those that it does not know, and the secret that it needs. */
function registrationProblems(kind: ConnectorKind, settings: unknown, hasSecret: boolean): FieldProblem[] {
  const lacksSecret = kind.secret === 'required' && !hasSecret
  const problems = lacksSecret ? [{ field: 'client_secret', message: SECRET_MISSING }] : []
  if (settings === undefined) return problems
  const { error, data } = kind.settings.safeParse(settings)
  return error === undefined
    ? [...problems, ...(kind.problems?.(data, { hasSecret }) ?? [])]
    : [...problems, ...problemsOf(error, `is not a setting of ${kind.about.name}`)]
}

const SECRET_MISSING = 'is missing; give the secret that the provider has given out'

/** At most as long as a name may be. */
const defaultName = ({ about, defaultName: own, settings }: ConnectorKind, given: unknown): string =>
  (own?.of(settings.parse(given)) ?? about.name).slice(0, MAX_NAME)

/** A problem further down is told of the field that it is in. */
function problemsOf(error: z.ZodError, unknown = 'is not known'): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const [field, ...inside] = issue.path.filter((part) => typeof part === 'string')
    if (issue.code !== 'unrecognized_keys')
      return [{ field: field ?? 'settings', message: [...inside, issue.message].join(' ') }]
    return issue.keys.map((key) =>
      field === undefined
        ? { field: key, message: unknown }
        : { field, message: `${[...inside, key].join('.')} is not known` },
    )
  })
}
