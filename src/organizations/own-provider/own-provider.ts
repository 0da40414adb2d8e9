/**
 * The provider that managers of an organization set up for its people: one, of the kind `oidc`, for addresses of verified domains. Its ID
 * follows from the organization's, its name is the organization's: neither can be mistaken for another provider. What administrators of
 * this server have set up for the organization is theirs to change.
 */
import { contentVersion } from '../../shared/content-version.ts'
import { AppError, unlessCode, VersionConflict } from '../../shared/errors.ts'
import type { Finding } from '../../shared/finding.ts'
import { message, t } from '../../shared/locales/texts.ts'
import { OWN_AUTH_METHODS } from '../../shared/provider-limits.ts'
import { refusedFields } from '../../shared/validation-error.ts'
import type { Domains } from '../domains/domains.ts'
import type { ManagedOrganization, OrganizationManaging } from '../managing.ts'
import type { Organization } from '../organization.ts'
import type { RoleTemplate } from '../template.ts'
import type { OwnProviderNotices } from './notices.ts'
import {
  type IfVersion,
  inWords,
  nameFor,
  type OwnProviderView,
  ownProviderId,
  type ProvidersOfOrganizations,
  viewOf,
} from './provider.ts'

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

export interface OwnProviderState {
  organization: ManagedOrganization
  /** Why it cannot be set up or changed now. `off`: the setting. `domain`: no domain is verified. */
  closed?: 'off' | 'domain' | undefined
  /** A domain is: without one, no provider of the organization signs anybody in. */
  verified: boolean
  provider: OwnProviderView | undefined
  /** The name of one that administrators have set up: managers set up none beside it. */
  byAdministrators: string | undefined
  /** To be entered at the provider. */
  redirectUri: string
  required: boolean
  join: boolean
  /** Roles of who becomes a member so; those that the manager cannot give stay. */
  roles: readonly string[]
  /** Another after every change of the provider, or of who has to sign in there or becomes a member so. */
  version: string
}

/** Everything throws AppError organization_not_found (404) where the caller does not manage the organization. */
export interface OwnProvider {
  get(managerId: string, id: string): Promise<OwnProviderState>
  /**
   * Sets it up, or changes it: of several at once, one does, and all of what it says is stored.
   * @param given.ifVersion the version that the change is meant for
   * @throws ValidationError (422) · AppError provider_not_allowed (403), provider_of_administrators, version_conflict (409)
   */
  save(managerId: string, id: string, input: OwnProviderInput, given?: IfVersion): Promise<void>
  /** The same test as `latchkey providers test`. @throws AppError provider_not_found (404), provider_not_allowed (403) */
  test(managerId: string, id: string): Promise<Finding[]>
  /** @throws AppError provider_not_found (404), to switch on also provider_not_allowed (403) */
  setDisabled(managerId: string, id: string, disabled: boolean): Promise<void>
  /** @param given.ifVersion the version that is meant @throws AppError provider_not_found (404), version_conflict (409) */
  remove(managerId: string, id: string, given?: IfVersion): Promise<void>
}

const failed = (findings: readonly Finding[]) => findings.some(({ status }) => status === 'fail')

export function createOwnProvider(deps: {
  managing: Pick<OrganizationManaging, 'organization'>
  organizations: {
    get(id: string): Promise<Organization>
    update(
      id: string,
      changes: Readonly<Record<string, unknown>>,
      given: { ifVersion: number },
    ): Promise<Organization>
  }
  domains: Pick<Domains, 'list'>
  template: Pick<RoleTemplate, 'counting' | 'names'>
  providers: ProvidersOfOrganizations
  settings: { readonly managerProviders: 'off' | 'verified_domain' }
  notices: OwnProviderNotices
  issuer: string
}): OwnProvider {
  const { managing, organizations, providers, template, notices, settings } = deps

  /** What is stored now. `own`: with the version of its row. */
  async function read(managerId: string, id: string) {
    const organization = await managing.organization(managerId, id)
    const [all, found, domains, content] = await Promise.all([
      providers.ofOrganization(id),
      providers.getVersioned(ownProviderId(id)).catch(unlessCode('provider_not_found')),
      deps.domains.list(id),
      organizations.get(id),
    ])
    const own =
      found?.provider.managed && all.some((each) => each.id === found.provider.id) ? found : undefined
    const { provider_required: required, provider_join: join, provider_roles: stored } = content
    const verified = domains.some((each) => each.verified)
    const state: OwnProviderState = {
      ...{ organization, verified },
      closed: settings.managerProviders === 'off' ? 'off' : verified ? undefined : 'domain',
      provider: own && viewOf(own.provider),
      byAdministrators: all.find((each) => each.id !== own?.provider.id)?.name,
      redirectUri: `${deps.issuer}/api/auth/oauth/${ownProviderId(id)}/callback`,
      ...{ required, join, roles: template.counting(stored.join(' ')) },
      version: contentVersion([own?.version ?? null, required, join, stored]),
    }
    return { state, own, content }
  }

  const get: OwnProvider['get'] = async (managerId, id) => (await read(managerId, id)).state

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

  /** The roles to store: of those that the manager may give the chosen ones, of others those that are there. */
  function rolesOf({ organization, roles }: OwnProviderState, chosen: readonly string[]): string[] {
    const { givable } = organization
    if (!chosen.every((role) => givable.includes(role)))
      throw refusedFields({ roles: t('organizations.roles.wrong', { roles: givable.join(', ') || '–' }) })
    return template
      .names()
      .filter((role) => (givable.includes(role) ? chosen.includes(role) : roles.includes(role)))
  }

  /** Its ID is taken: by another manager at this moment, or by one that administrators have given to others. */
  async function takenBy(managerId: string, id: string): Promise<AppError> {
    if ((await get(managerId, id)).provider !== undefined) return new VersionConflict('provider')
    return ofAdministrators((await providers.getVersioned(ownProviderId(id))).provider.name)
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

    async save(managerId, id, input, given = {}) {
      const { state, own, content } = await read(managerId, id)
      requireOpen(state)
      requireVersion(state, given)
      if (state.byAdministrators !== undefined) throw ofAdministrators(state.byAdministrators)
      const provider_roles = rolesOf(state, input.roles)
      requireSecret(state.provider, input)
      if (!OWN_AUTH_METHODS.some((method) => method === input.authMethod))
        throw refusedFields({ auth_method: t('organizations.provider.authMethod.wrong') })
      const fields = {
        name: nameFor(state.organization.name),
        client_id: input.clientId,
        ...(input.clientSecret !== undefined && { client_secret: input.clientSecret }),
        settings: { issuer: input.issuer, auth_method: input.authMethod, trust_email: input.trustEmail },
      }
      const whole = { id: ownProviderId(id), kind: 'oidc', organization: id, ...fields }
      await inWords(providers.requireValid(whole))
      // One that does not work would keep everybody out.
      if (input.required) {
        if (failed(await inWords(providers.tryOut(whole))))
          throw refusedFields({ required: t('organizations.provider.required.failed') })
        // It answers as late as it likes: who has been a manager until then sets up nothing.
        const now = await get(managerId, id)
        requireOpen(now)
        rolesOf(now, input.roles)
      }
      // Of several at once, one changes the organization, and that one goes on. Who signs in there only is said last: once there is where.
      const before = contentOf(content)
      const stays = input.required && before.provider_required
      const claimed = await organizations.update(
        id,
        { provider_required: stays, provider_join: input.join, provider_roles },
        { ifVersion: content.version },
      )
      try {
        if (own === undefined) await providers.add(whole, { managed: true })
        else await providers.update(whole.id, fields, { ifVersion: own.version })
      } catch (error) {
        await organizations.update(id, before, { ifVersion: claimed.version }).catch(ifChanged)
        throw error instanceof AppError && error.code === 'provider_exists'
          ? await takenBy(managerId, id)
          : error
      }
      if (input.required !== stays)
        await organizations.update(id, { provider_required: input.required }, { ifVersion: claimed.version })
      await notices.tell(managerId, state.organization, 'saved')
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
      if (!disabled) requireOpen(state)
      const changed = await providers[disabled ? 'disable' : 'enable'](ownProviderId(id))
      if (changed) await notices.tell(managerId, state.organization, disabled ? 'disabled' : 'enabled')
    },

    async remove(managerId, id, given = {}) {
      const { state, own } = await read(managerId, id)
      requireOwn(state)
      requireVersion(state, given)
      await providers.remove(
        ownProviderId(id),
        given.ifVersion === undefined ? {} : { ifVersion: own?.version },
      )
      await notices.tell(managerId, state.organization, 'removed')
    },
  }
}

/** @throws AppError version_conflict (409) */
function requireVersion({ version }: OwnProviderState, { ifVersion }: IfVersion): void {
  if (ifVersion !== undefined && ifVersion !== version) throw new VersionConflict('provider')
}

/** What of an organization says who signs in at its provider. */
const contentOf = ({ provider_required, provider_join, provider_roles }: Organization) => ({
  ...{ provider_required, provider_join, provider_roles },
})

/** What was changed since stays as it is. */
function ifChanged(error: unknown): void {
  if (!(error instanceof VersionConflict)) throw error
}

const ofAdministrators = (provider: string) =>
  new AppError(
    'provider_of_administrators',
    409,
    message('organizations.provider.byAdministrators', { provider }),
  )
