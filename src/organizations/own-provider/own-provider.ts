/**
 * The provider that managers of an organization set up for its people: one, of the kind `oidc`, for addresses of verified domains. Its ID
 * follows from the organization's, its name is the organization's: neither can be mistaken for another provider. What administrators of
 * this server have set up for the organization is theirs to change.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../../shared/clock.ts'
import { AppError } from '../../shared/errors.ts'
import type { Finding } from '../../shared/finding.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { refusedFields, ValidationError } from '../../shared/validation-error.ts'
import type { Domains } from '../domains/domains.ts'
import type { ManagedOrganization, OrganizationManaging } from '../managing.ts'
import type { Members } from '../members/members.ts'
import type { Organization } from '../organization.ts'
import type { RoleTemplate } from '../template.ts'

/** How the secret may be sent to the provider (OpenID Connect Core §9). */
const AUTH_METHODS: readonly string[] = ['client_secret_basic', 'client_secret_post']

/** Managers who are told of a change, at most. */
const MOST_TOLD = 50
/** Characters of the name of a provider. */
const MAX_NAME = 60

/** What a manager says of it. */
export interface OwnProviderInput {
  issuer: string
  clientId: string
  /** Undefined: it stays. */
  clientSecret?: string | undefined
  authMethod: string
  /** Its addresses are proven although it does not say so. */
  trustEmail: boolean
  /** Addresses of the verified domains sign in there only. */
  required: boolean
  /** Who signs in there becomes a member, with these roles. */
  join: boolean
  roles: readonly string[]
}

/** The provider as its managers see it. Never the secret. */
export interface OwnProviderView {
  issuer: string
  clientId: string
  hasSecret: boolean
  authMethod: string
  trustEmail: boolean
  disabled: boolean
}

export interface OwnProviderState {
  organization: ManagedOrganization
  /** Why it cannot be set up or changed now. `off`: the setting. `domain`: no domain is verified. */
  closed?: 'off' | 'domain' | undefined
  provider: OwnProviderView | undefined
  /** The name of one that administrators have set up: managers set up none beside it. */
  byAdministrators: string | undefined
  /** To be entered at the provider. */
  redirectUri: string
  required: boolean
  join: boolean
  /** Roles of who becomes a member so; those that the manager cannot give stay. */
  roles: readonly string[]
}

export type OwnProviderAct = 'saved' | 'enabled' | 'disabled' | 'removed'

export interface OwnProviderMail {
  to: string
  template: 'organization-provider'
  data: { organization: string; by: string; act: OwnProviderAct; at: number; link: string }
}

/** Everything throws AppError organization_not_found (404) where the caller does not manage the organization. */
export interface OwnProvider {
  get(managerId: string, id: string): Promise<OwnProviderState>
  /**
   * Sets it up, or changes it.
   * @throws ValidationError (422) · AppError provider_not_allowed (403), provider_of_administrators (409)
   */
  save(managerId: string, id: string, input: OwnProviderInput): Promise<void>
  /** The same test as `latchkey providers test`. @throws AppError provider_not_found (404), provider_not_allowed (403) */
  test(managerId: string, id: string): Promise<Finding[]>
  /** @throws AppError provider_not_found (404), to switch on also provider_not_allowed (403) */
  setDisabled(managerId: string, id: string, disabled: boolean): Promise<void>
  /** @throws AppError provider_not_found (404) */
  remove(managerId: string, id: string): Promise<void>
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
  add(input: Readonly<Record<string, unknown>>, by: { managed: true }): Promise<unknown>
  update(id: string, changes: Readonly<Record<string, unknown>>): Promise<unknown>
  enable(id: string): Promise<void>
  disable(id: string): Promise<void>
  remove(id: string): Promise<void>
  test(id: string): Promise<Finding[]>
  tryOut(input: Readonly<Record<string, unknown>> & { id: string }): Promise<Finding[]>
}

/** `org-` and 112 bits that the ID of the organization gives. */
export const ownProviderId = (organizationId: string): string =>
  `org-${createHash('sha256').update(organizationId).digest('hex').slice(0, 28)}`

const failed = (findings: readonly Finding[]) => findings.some(({ status }) => status === 'fail')

export function createOwnProvider(deps: {
  managing: Pick<OrganizationManaging, 'organization'>
  organizations: {
    get(id: string): Promise<Organization>
    update(id: string, changes: Readonly<Record<string, unknown>>): Promise<unknown>
  }
  domains: Pick<Domains, 'list'>
  template: Pick<RoleTemplate, 'counting' | 'manages' | 'names'>
  providers: ProvidersOfOrganizations
  members: Pick<Members, 'addresses'>
  /** What people call who acts. */
  actorName(): Promise<string>
  settings: { readonly managerProviders: 'off' | 'verified_domain' }
  mail: { send(mail: OwnProviderMail): void }
  issuer: string
  clock: Clock
}): OwnProvider {
  const { managing, organizations, providers, template, settings } = deps

  async function get(managerId: string, id: string): Promise<OwnProviderState> {
    const organization = await managing.organization(managerId, id)
    const [all, domains, content] = await Promise.all([
      providers.ofOrganization(id),
      deps.domains.list(id),
      organizations.get(id),
    ])
    const own = all.find((each) => each.managed && each.id === ownProviderId(id))
    const closed =
      settings.managerProviders === 'off'
        ? 'off'
        : domains.some(({ verified }) => verified)
          ? undefined
          : 'domain'
    return {
      organization,
      closed,
      provider: own && viewOf(own),
      byAdministrators: all.find((each) => each !== own)?.name,
      redirectUri: `${deps.issuer}/api/auth/oauth/${ownProviderId(id)}/callback`,
      required: content.provider_required,
      join: content.provider_join,
      roles: template.counting(content.provider_roles.join(' ')),
    }
  }

  /** @throws AppError provider_not_allowed (403) */
  function requireOpen({ closed }: OwnProviderState): void {
    if (closed === undefined) return
    const why = closed === 'off' ? 'organizations.provider.off' : 'organizations.provider.noDomain'
    throw new AppError('provider_not_allowed', 403, message(why))
  }

  /** @throws AppError provider_not_found (404) */
  function requireOwn({ provider }: OwnProviderState): OwnProviderView {
    if (provider !== undefined) return provider
    throw new AppError('provider_not_found', 404, message('organizations.provider.none'))
  }

  /** Tells the other managers. */
  async function tell(managerId: string, { organization }: OwnProviderState, act: OwnProviderAct) {
    const managing = template.names().filter((role) => template.manages([role]))
    const told = await deps.members.addresses(organization.id, managing, MOST_TOLD)
    const data = {
      organization: organization.name,
      by: await deps.actorName(),
      act,
      at: deps.clock(),
      link: `${deps.issuer}/account/organizations/${organization.id}/provider`,
    }
    for (const { accountId, email, roles } of told)
      if (email !== null && accountId !== managerId && template.manages(template.counting(roles)))
        deps.mail.send({ to: email, template: 'organization-provider', data })
  }

  /** The roles to store: of those that the manager may give the chosen ones, of others those that are there. */
  function rolesOf({ organization, roles }: OwnProviderState, chosen: readonly string[]): string[] {
    const { givable } = organization
    if (!chosen.every((role) => givable.includes(role)))
      throw refusedFields({ roles: t('organizations.roles.wrong', { roles: givable.join(', ') || '–' }) })
    return template
      .names()
      .filter((role) => (givable.includes(role) ? chosen.includes(role) : roles.includes(role)))
  }

  function requireSecret(
    before: OwnProviderView | undefined,
    { issuer, clientSecret }: OwnProviderInput,
  ): void {
    if (clientSecret !== undefined) return
    if (!before?.hasSecret) throw refusedFields({ client_secret: t('organizations.provider.secret.enter') })
    // The new issuer would get it.
    if (before.issuer !== issuer)
      throw refusedFields({ client_secret: t('organizations.provider.secret.again') })
  }

  return {
    get,

    async save(managerId, id, input) {
      const state = await get(managerId, id)
      requireOpen(state)
      if (state.byAdministrators !== undefined)
        throw new AppError(
          'provider_of_administrators',
          409,
          message('organizations.provider.byAdministrators', { provider: state.byAdministrators }),
        )
      const provider_roles = rolesOf(state, input.roles)
      requireSecret(state.provider, input)
      if (!AUTH_METHODS.includes(input.authMethod))
        throw refusedFields({ auth_method: t('organizations.provider.authMethod.wrong') })
      const fields = {
        name: nameFor(state.organization.name),
        client_id: input.clientId,
        ...(input.clientSecret !== undefined && { client_secret: input.clientSecret }),
        settings: { issuer: input.issuer, auth_method: input.authMethod, trust_email: input.trustEmail },
      }
      const whole = { id: ownProviderId(id), kind: 'oidc', organization: id, ...fields }
      // One that does not work would keep everybody out.
      if (input.required) {
        if (failed(await inWords(providers.tryOut(whole))))
          throw refusedFields({ required: t('organizations.provider.required.failed') })
        // It answers as late as it likes: who has been a manager until then sets up nothing.
        const now = await get(managerId, id)
        requireOpen(now)
        rolesOf(now, input.roles)
      }
      if (state.provider === undefined) await inWords(providers.add(whole, { managed: true }))
      else await inWords(providers.update(whole.id, fields))
      await organizations.update(id, {
        ...{ provider_required: input.required, provider_join: input.join, provider_roles },
      })
      await tell(managerId, state, 'saved')
    },

    async test(managerId, id) {
      const state = await get(managerId, id)
      requireOwn(state)
      requireOpen(state)
      return providers.test(ownProviderId(id))
    },

    async setDisabled(managerId, id, disabled) {
      const state = await get(managerId, id)
      requireOwn(state)
      if (disabled) await providers.disable(ownProviderId(id))
      else {
        requireOpen(state)
        await providers.enable(ownProviderId(id))
      }
      await tell(managerId, state, disabled ? 'disabled' : 'enabled')
    },

    async remove(managerId, id) {
      const state = await get(managerId, id)
      requireOwn(state)
      await providers.remove(ownProviderId(id))
      await tell(managerId, state, 'removed')
    },
  }
}

function viewOf({ client_id, has_secret, settings, disabled }: StoredProvider): OwnProviderView {
  const { issuer, auth_method, trust_email } = settings as Record<string, unknown>
  return {
    ...{ clientId: client_id, hasSecret: has_secret, disabled },
    issuer: String(issuer),
    authMethod: typeof auth_method === 'string' ? auth_method : 'client_secret_basic',
    trustEmail: trust_email === true,
  }
}

/** What a provider may be called: one line of a length. */
const nameFor = (organization: string): string =>
  [...organization.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, ' ')].slice(0, MAX_NAME).join('').trim() || '–'

const WORDS = {
  issuer: 'organizations.provider.issuer.wrong',
  client_id: 'organizations.provider.clientId.wrong',
  client_secret: 'organizations.provider.secret.enter',
  auth_method: 'organizations.provider.authMethod.wrong',
} as const

/** What providers refuse, in the language of the manager. */
async function inWords<Result>(work: Promise<Result>): Promise<Result> {
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
