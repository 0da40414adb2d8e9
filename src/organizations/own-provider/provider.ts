/** The provider that managers of an organization have set up: what it is called, what they see of it, and what is asked of the room that stores it. */
import { createHash } from 'node:crypto'
import type { Finding } from '../../shared/finding.ts'
import { t } from '../../shared/locales/texts.ts'
import { OWN_AUTH_METHODS } from '../../shared/provider-limits.ts'
import { refusedFields, ValidationError } from '../../shared/validation-error.ts'

/** Characters of the name of a provider. */
const MAX_NAME = 60

/** The provider as its managers see it. Never the secret. */
export interface OwnProviderView {
  issuer: string
  clientId: string
  hasSecret: boolean
  authMethod: string
  trustEmail: boolean
  disabled: boolean
}

/** Without it, any state is meant. */
export interface IfVersion {
  ifVersion?: string | undefined
}

/** A provider, as far as managers need it. */
export interface StoredProvider {
  id: string
  name: string
  client_id: string
  has_secret: boolean
  settings: Readonly<Record<string, unknown>>
  managed?: true
  disabled: boolean
}

/** What it needs of providers. */
export interface ProvidersOfOrganizations {
  ofOrganization(organizationId: string): Promise<StoredProvider[]>
  /** @throws AppError provider_not_found (404) */
  getVersioned(id: string): Promise<{ provider: StoredProvider; version: string }>
  /** @throws ValidationError about what `add` or `update` would refuse of it */
  requireValid(input: Readonly<Record<string, unknown>> & { id: string }): Promise<void>
  add(input: Readonly<Record<string, unknown>>, by: { managed: true }): Promise<unknown>
  update(id: string, changes: Readonly<Record<string, unknown>>, given: IfVersion): Promise<unknown>
  /** Both give whether that changed it. */
  enable(id: string): Promise<boolean>
  disable(id: string): Promise<boolean>
  remove(id: string, given: IfVersion): Promise<void>
  test(id: string): Promise<Finding[]>
  tryOut(input: Readonly<Record<string, unknown>> & { id: string }): Promise<Finding[]>
}

/** `org-` and 112 bits that the ID of the organization gives. */
export const ownProviderId = (organizationId: string): string =>
  `org-${createHash('sha256').update(organizationId).digest('hex').slice(0, 28)}`

export function viewOf({ client_id, has_secret, settings, disabled }: StoredProvider): OwnProviderView {
  const { issuer, auth_method, trust_email } = settings as Record<string, unknown>
  return {
    ...{ clientId: client_id, hasSecret: has_secret, disabled },
    issuer: String(issuer),
    authMethod: typeof auth_method === 'string' ? auth_method : OWN_AUTH_METHODS[0],
    trustEmail: trust_email === true,
  }
}

/** What a provider may be called: one line of a length. */
export const nameFor = (organization: string): string =>
  [...organization.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')].slice(0, MAX_NAME).join('').trim() || '–'

const WORDS = {
  issuer: 'organizations.provider.issuer.wrong',
  client_id: 'organizations.provider.clientId.wrong',
  client_secret: 'organizations.provider.secret.enter',
  auth_method: 'organizations.provider.authMethod.wrong',
} as const

/** What providers refuse, in the language of the manager. */
export async function inWords<Result>(work: Promise<Result>): Promise<Result> {
  try {
    return await work
  } catch (error) {
    if (!(error instanceof ValidationError)) throw error
    const fields = Object.keys(error.errors).flatMap((field) =>
      field in WORDS ? [[field, t(WORDS[field as keyof typeof WORDS])]] : [],
    )
    if (fields.length === 0) throw error
    throw refusedFields(Object.fromEntries(fields))
  }
}
