import { z } from 'zod'
import { domainOf } from '../../shared/domain-name.ts'
import { saying, type TextKey, t } from '../../shared/locales/texts.ts'
import { PROVIDER_LENGTHS } from '../../shared/provider-limits.ts'
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

/** What every id looks like; anything else is not worth a query. */
export const isProviderId = (id: string): boolean => /^[a-z][a-z0-9-]{1,31}$/.test(id)

const missing = (key: TextKey) => (issue: { input?: unknown }) =>
  t(issue.input === undefined ? key : 'admin.common.problem.text')

const DOMAIN_RULE = saying('admin.providers.problem.domains')

const domain = z
  .string(DOMAIN_RULE)
  .transform((text) => (/\s/.test(text) ? undefined : domainOf(text)))
  .pipe(z.string(DOMAIN_RULE))

const ORGANIZATION = saying('admin.providers.problem.organization')

const MAX_NAME = 60

const providerInput = z.strictObject({
  id: z
    .string({ error: missing('admin.providers.problem.id.missing') })
    .refine(isProviderId, saying('admin.providers.problem.id'))
    .refine((id) => !RESERVED.has(id), saying('admin.providers.problem.id.reserved')),
  kind: z.string({ error: missing('admin.providers.problem.kind.missing') }),
  name: z
    .string(saying('admin.common.problem.text'))
    .transform((text) => text.normalize('NFC').trim())
    .refine(
      (text) => text !== '' && [...text].length <= MAX_NAME && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text),
      saying('admin.providers.problem.name'),
    )
    .optional(),
  // RFC 6749 appendix A.1: client-id = *VSCHAR.
  client_id: z
    .string({ error: missing('admin.providers.problem.client_id.missing') })
    .max(PROVIDER_LENGTHS.clientId, saying('admin.providers.problem.client_id'))
    .regex(/^[\x20-\x7e]+$/, saying('admin.providers.problem.client_id')),
  client_secret: z
    .string(saying('admin.common.problem.text'))
    .min(1, saying('admin.providers.problem.secret.empty'))
    .max(
      PROVIDER_LENGTHS.clientSecret,
      saying('admin.providers.problem.secret.long', { max: PROVIDER_LENGTHS.clientSecret }),
    )
    .optional(),
  settings: z.record(z.string(), z.unknown(), saying('admin.providers.problem.object')).default({}),
  email_domains: z
    .array(domain, saying('admin.providers.problem.domains.list'))
    .max(100, saying('admin.providers.problem.domains.many'))
    .transform((values) => [...new Set(values)])
    .default([]),
  keep_tokens: z.boolean(saying('admin.common.problem.boolean')).default(false),
  membership_mode: membershipMode,
  membership_rules: membershipRules,
  organization: z
    .string(ORGANIZATION)
    .regex(/^[\w-]{1,100}$/, ORGANIZATION)
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
    problems.push({
      field: 'kind',
      message: t('admin.providers.problem.kind', { kinds: kindNames(kinds).join(', ') }),
    })
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
  const problems = lacksSecret
    ? [{ field: 'client_secret', message: t('admin.providers.problem.secret.missing') }]
    : []
  if (settings === undefined) return problems
  const { error, data } = kind.settings.safeParse(settings)
  return error === undefined
    ? [...problems, ...(kind.problems?.(data, { hasSecret }) ?? [])]
    : [...problems, ...problemsOf(error, t('admin.providers.problem.setting', { kind: kind.about.name }))]
}

/** At most as long as a name may be. */
const defaultName = ({ about, defaultName: own, settings }: ConnectorKind, given: unknown): string =>
  (own?.of(settings.parse(given)) ?? about.name).slice(0, MAX_NAME)

/** A problem further down is told of the field that it is in. */
function problemsOf(error: z.ZodError, unknown = t('admin.common.problem.unknown')): FieldProblem[] {
  return error.issues.flatMap((issue) => {
    const [field, ...inside] = issue.path.filter((part) => typeof part === 'string')
    if (issue.code !== 'unrecognized_keys')
      return [{ field: field ?? 'settings', message: [...inside, issue.message].join(' ') }]
    return issue.keys.map((key) =>
      field === undefined
        ? { field: key, message: unknown }
        : {
            field,
            message: t('admin.providers.problem.unknown.named', { name: [...inside, key].join('.') }),
          },
    )
  })
}
