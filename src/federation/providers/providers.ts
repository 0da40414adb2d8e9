/**
 * The providers that people may sign in with: which there are, which are on, and how each is spoken to. It does not
 * know what a sign-in does (src/federation), HTTP or the command line.
 *
 *   environment ──▶ always on          a provider of the environment stands before a stored one with its id
 *   add ──▶ enabled ◀──enable── disabled
 *              └──────disable──────▶┘           remove: from either state
 *
 * Over 250 lines: the interface with what each method promises, and the changes that keep to it.
 */

import type { Clock } from '../../shared/clock.ts'
import { AppError, VersionConflict } from '../../shared/errors.ts'
import type { Finding } from '../../shared/finding.ts'
import { message, t } from '../../shared/locales/texts.ts'
import type { Secrets } from '../../shared/secrets.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import type { Database } from '../../storage/database.ts'
import { providerChecks } from './checks.ts'
import {
  isLost,
  openSecret,
  rememberConnectors,
  sealSecret,
  storedOptions,
  unlessLost,
} from './connectors.ts'
import { enabledProviders } from './enabled.ts'
import { type EnvironmentProvider, environmentProviders, ofEnvironment } from './environment.ts'
import { isProviderId, type Kinds, optionsView, parseProvider } from './input.ts'
import { type EnabledProviders, notFound } from './provider.ts'
import { createProviderStore, type ProviderRow, providerVersion, type StoredOptions } from './store.ts'
import { type ProviderView, providerView } from './view.ts'

export interface ProviderEvent {
  type: `provider.${'added' | 'updated' | 'disabled' | 'enabled' | 'removed'}`
  provider: string
  name?: string
  /** Never the secret. */
  before?: ProviderView | { disabled: boolean }
  after?: ProviderView | { disabled: boolean }
}

export interface VersionedProvider {
  provider: ProviderView
  /** Another after every change. */
  version: string
}

interface IfVersion {
  ifVersion?: string | undefined
}

export interface ProvidersDependencies {
  db: Pick<Database, 'prisma' | 'reads'>
  clock: Clock
  secrets: Secrets
  issuer: string
  environment: readonly EnvironmentProvider[]
  kinds: Kinds
  /** The ID of an organization, by its ID or short name; undefined: there is none. */
  organizationId(idOrSlug: string): Promise<string | undefined>
  /** Told of every change after it is stored. */
  events(event: ProviderEvent): void
  /** By which those are reached that managers of an organization have set up. */
  guardedFetch: typeof fetch
}

/** The providers that people may sign in with. */
export interface Providers {
  /** Of providers, by name: what can be set, and what people are told about each. */
  kinds: Kinds
  /** What sign-in asks: those that are switched on. A prepared statement each. */
  enabled: EnabledProviders
  /**
   * Adds a provider, switched on.
   * @param by.managed managers of its organization set it up
   * @throws ValidationError (422, every problem at once) · AppError provider_exists (409)
   */
  add(input: Readonly<Record<string, unknown>>, by?: { managed?: true }): Promise<ProviderView>
  /**
   * Changes the given fields of a stored provider; null unsets one, the secret too. Its kind stays.
   * @param given.ifVersion the version that the change is meant for; without one, any
   * @throws ValidationError (422, every problem at once) · AppError provider_not_found (404),
   *   provider_of_environment (409), version_conflict (409)
   */
  update(
    id: string,
    changes: Readonly<Record<string, unknown>>,
    given?: IfVersion,
  ): Promise<VersionedProvider>
  /** Whether this is the stored secret of a provider; one that cannot be read is not. @throws AppError provider_not_found (404) */
  secretIs(id: string, secret: string): Promise<boolean>
  /** Also those that are switched off. Those of the environment first, then the oldest first. */
  list(): Promise<ProviderView[]>
  /** Those of an organization, by its ID, the oldest first. */
  ofOrganization(organizationId: string): Promise<ProviderView[]>
  /** @throws AppError provider_not_found (404) */
  get(id: string): Promise<ProviderView>
  /** Those of the environment have one version for as long as the process runs. @throws as `get` */
  getVersioned(id: string): Promise<VersionedProvider>
  /**
   * Ends sign-in with it; sessions that came by it go on.
   * @returns whether it was enabled until now
   * @throws AppError provider_not_found (404), provider_of_environment (409)
   */
  disable(id: string): Promise<boolean>
  /** @returns whether it was disabled until now @throws AppError provider_not_found (404), provider_of_environment (409) */
  enable(id: string): Promise<boolean>
  /**
   * Removes a provider. Links of accounts to it stay: when it is added again, they count again.
   * @param given.ifVersion the version that is to be removed
   * @throws AppError provider_not_found (404), provider_of_environment (409), version_conflict (409)
   */
  remove(id: string, given?: IfVersion): Promise<void>
  /**
   * Asks a provider whether its configuration is right, also when it is switched off.
   * @throws AppError provider_not_found (404), provider_misconfigured (500)
   */
  test(id: string): Promise<Finding[]>
  /**
   * Looks at what managers of an organization want to store, without asking the provider. Where no secret is given, that of the stored one counts.
   * @throws ValidationError (422, every problem at once)
   */
  requireValid(input: Readonly<Record<string, unknown>> & { id: string }): Promise<void>
  /**
   * As `test`, of what managers of an organization want to store, which is not stored. Where no secret is given, that of the stored one.
   * @throws ValidationError (422, every problem at once)
   */
  tryOut(input: Readonly<Record<string, unknown>> & { id: string }): Promise<Finding[]>
}

/** @throws AppError provider_misconfigured (500) about a provider of the environment */
export function createProviders(deps: ProvidersDependencies): Providers {
  const { db, clock, secrets, issuer, kinds, events } = deps
  const store = createProviderStore(db)
  const connectors = rememberConnectors({ kinds, secrets, guardedFetch: deps.guardedFetch })
  const environment = environmentProviders(deps.environment, kinds, issuer)

  const stored = async (id: string): Promise<ProviderRow> => {
    const row = isProviderId(id) ? await store.find(id) : undefined
    if (row === undefined) throw notFound()
    return row
  }

  /** @throws ValidationError on `organization` */
  async function organizationOf(idOrSlug: string | null): Promise<string | null> {
    if (idOrSlug === null) return null
    const id = await deps.organizationId(idOrSlug)
    if (id !== undefined) return id
    const problem = { field: 'organization', message: t('admin.providers.problem.organization.unknown') }
    throw new ValidationError([problem], { code: 'invalid_provider' })
  }

  const storedView = (row: ProviderRow): ProviderView => {
    return providerView(
      issuer,
      {
        id: row.id,
        kind: row.kind,
        name: row.name,
        client_id: row.clientId,
        has_secret: row.sealedSecret !== null,
        ...(isLost(secrets, row) && { secret_lost: true as const }),
        ...optionsView(storedOptions(row)),
        organization: row.organizationId,
        ...(storedOptions(row).managed && { managed: true as const }),
        disabled: row.disabledAt !== null,
        source: 'database',
      },
      isLost(secrets, row) ? undefined : connectors.of(row),
    )
  }

  /** @returns the provider as it was */
  const change = async (id: string, write: (row: ProviderRow) => Promise<boolean>): Promise<ProviderView> => {
    if (environment.has(id)) throw ofEnvironment(id)
    const row = await stored(id)
    if (!(await write(row))) throw notFound()
    return storedView(row)
  }

  async function setDisabled(id: string, disabled: boolean): Promise<boolean> {
    if (environment.has(id)) throw ofEnvironment(id)
    const { name } = await stored(id)
    if (!(await store.setDisabled(id, disabled, new Date(clock())))) {
      // Removed since, or it is so already.
      await stored(id)
      return false
    }
    const what = { before: { disabled: !disabled }, after: { disabled } }
    events({ type: disabled ? 'provider.disabled' : 'provider.enabled', provider: id, name, ...what })
    return true
  }

  const update: Providers['update'] = async (id, changes, given = {}) => {
    if (environment.has(id)) throw ofEnvironment(id)
    const row = await stored(id)
    requireVersion(row, given)
    const before = storedView(row)
    const hasSecret = !('client_secret' in changes) && row.sealedSecret !== null
    const parsed = parseProvider(mergedInput(before, changes), kinds, { hasSecret })
    const { id: _, kind: __, name, clientId, clientSecret, organization, ...options } = parsed
    const next = {
      name,
      clientId,
      sealedSecret: 'client_secret' in changes ? sealSecret(secrets, id, clientSecret) : row.sealedSecret,
      settings: JSON.stringify({ ...options, ...managedOf(row) } satisfies StoredOptions),
      organizationId:
        organization === row.organizationId ? row.organizationId : await organizationOf(organization),
    }
    // Another change was stored since: it stays, and this one is made to it or refused.
    if (!(await store.update(row, next, new Date(clock())))) return update(id, changes, given)
    const after = storedView({ ...row, ...next })
    events({ type: 'provider.updated', provider: id, name: after.name, before, after })
    return { provider: after, version: providerVersion({ ...row, ...next }) }
  }

  return {
    kinds,

    enabled: enabledProviders({ environment, kinds, store, connectors }),

    async add(input, { managed } = {}) {
      const parsed = parseProvider(input, kinds)
      const { id, kind, name, clientId, clientSecret, organization, ...options } = parsed
      const row: ProviderRow = {
        id,
        kind,
        name,
        clientId,
        sealedSecret: sealSecret(secrets, id, clientSecret),
        settings: JSON.stringify({ ...options, ...(managed && { managed }) } satisfies StoredOptions),
        organizationId: await organizationOf(organization),
        disabledAt: null,
        createdAt: new Date(clock()),
      }
      if (environment.has(id) || !(await store.insert(row)))
        throw new AppError('provider_exists', 409, message('admin.providers.error.exists', { id }))
      const after = storedView(row)
      events({ type: 'provider.added', provider: id, name, after })
      return after
    },

    update,

    async secretIs(id, secret) {
      const { sealedSecret } = await stored(id)
      return sealedSecret !== null && unlessLost(() => openSecret(secrets, id, sealedSecret)) === secret
    },

    async list() {
      const rows = (await store.list()).filter(({ id }) => !environment.has(id))
      return [...[...environment.values()].map(({ view }) => view), ...rows.map(storedView)]
    },

    async ofOrganization(organizationId) {
      return (await store.ofOrganization(organizationId)).map(storedView)
    },

    async get(id) {
      return environment.get(id)?.view ?? storedView(await stored(id))
    },

    async getVersioned(id) {
      const fixed = environment.get(id)
      if (fixed !== undefined) return { provider: fixed.view, version: 'environment' }
      const row = await stored(id)
      return { provider: storedView(row), version: providerVersion(row) }
    },

    disable: (id) => setDisabled(id, true),
    enable: (id) => setDisabled(id, false),

    async remove(id, given = {}) {
      const before = await change(id, async (row) => {
        requireVersion(row, given)
        if (given.ifVersion === undefined) return store.remove(id)
        if (!(await store.remove(id, row))) throw new VersionConflict('provider')
        return true
      })
      connectors.forget(id)
      events({ type: 'provider.removed', provider: id, name: before.name, before })
    },

    ...providerChecks({ environment, issuer, kinds, secrets, store, connectors, stored }),
  }
}

/** @throws ValidationError about what cannot be changed */
function mergedInput(
  view: ProviderView,
  changes: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const { id, kind, name, client_id, settings, email_domains, keep_tokens } = view
  const { membership_mode, membership_rules, organization } = view
  const fixed = { id, kind }
  const problems = Object.entries(fixed)
    .filter(([field, value]) => changes[field] !== undefined && changes[field] !== value)
    .map(([field]) => ({ field, message: t('admin.providers.problem.fixed') }))
  if (problems.length > 0) throw new ValidationError(problems, { code: 'invalid_provider' })
  const options = { settings, email_domains, keep_tokens, membership_mode, membership_rules }
  const stays = { name, client_id, ...options, organization }
  const merged = { ...stays, ...changes, ...fixed }
  return Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null))
}

const managedOf = (row: { settings: string }) =>
  storedOptions(row).managed ? { managed: true as const } : {}

/** @throws AppError version_conflict (409) */
function requireVersion(row: ProviderRow, { ifVersion }: IfVersion): void {
  if (ifVersion !== undefined && ifVersion !== providerVersion(row)) throw new VersionConflict('provider')
}
