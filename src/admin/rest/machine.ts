import type { Account } from '../../accounts/account.ts'
import type { Change } from '../../configuration/diff.ts'
import type { SettingDescription } from '../../settings/table.ts'
import { type Authority, covers, currentAuthority } from '../../shared/administration/authority.ts'
import { AppError } from '../../shared/errors.ts'
import { message, type TextArguments, type TextKey } from '../../shared/locales/texts.ts'

// Over 300 lines: the rules are read together, one beside the other, by who looks for a way round them.
//
// What neither a client that acts for itself nor a person with a role that was defined may do, whatever their permissions: grant
// administration, to themselves or to anybody, by any way round, nor open a door to accounts. Administrators may do all of it.

type Described = readonly Pick<SettingDescription, 'name' | 'guards'>[]

const refused = (caller: Limitable, what: TextKey, values: TextArguments = {}) => {
  const who = caller.kind === 'machine' ? 'client' : 'person'
  return new AppError('administration_not_granted', 403, message(what, { who, ...values }))
}

/** Who calls, as far as it has limits. */
export type Limitable = { kind: 'machine' } | { kind: 'person'; full: boolean }

/** The person of the running request. */
export const personCalling = (): Limitable => ({ kind: 'person', full: currentAuthority().full })

/** Whether a caller may less than an administrator. */
export const isLimited = (caller: Limitable): boolean => caller.kind === 'machine' || !caller.full

const hasAdminScope = (scope: unknown): boolean =>
  typeof scope === 'string' && scope.split(/\s+/).some((value) => value.startsWith('admin:'))

/** @throws AppError administration_not_granted (403) for a registration with a scope of administration */
export function refuseAdminScopes(caller: Limitable, registration: Readonly<Record<string, unknown>>): void {
  if (isLimited(caller) && hasAdminScope(registration.scope))
    throw refused(caller, 'admin.limits.admin_scopes')
}

/**
 * A client that could change the redirect URIs or secrets of a client with a scope of administration would get its tokens.
 * @throws AppError administration_not_granted (403)
 */
export function refuseAdminClients(caller: Limitable, client: { scope?: unknown }): void {
  if (isLimited(caller) && hasAdminScope(client.scope)) throw refused(caller, 'admin.limits.admin_clients')
}

/**
 * A first-party client gets authorization codes without the consent of the signed-in person: a calling client may create none, and may
 * not change the redirect URIs of one. To make it third-party is always allowed.
 * @param before the client as it is; empty: a new one @throws AppError administration_not_granted (403)
 */
export function refuseFirstParty(
  caller: Limitable,
  changes: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>> = {},
): void {
  if (!isLimited(caller)) return
  const wanted = changes.first_party === undefined ? before.first_party : changes.first_party
  if (wanted !== true) return
  if (before.first_party !== true) throw refused(caller, 'admin.limits.first_party')
  if (changes.redirect_uris !== undefined) throw refused(caller, 'admin.limits.redirect_uris')
}

/**
 * A configuration file finds its clients by their software_id. A caller that gave such an id to a client of its own would get, at the
 * next `apply`, what the file says of another client, its scopes too.
 * @throws AppError administration_not_granted (403)
 */
export function refuseConfigurationKeys(
  caller: Limitable,
  registration: Readonly<Record<string, unknown>>,
): void {
  if (isLimited(caller) && registration.software_id !== undefined)
    throw refused(caller, 'admin.limits.software_id')
}

/**
 * What a configuration file changes is as if it were changed by itself.
 * @param now.before what exists, by the names of the file @throws AppError administration_not_granted (403)
 */
export function refuseConfigurationChange(
  caller: Limitable,
  { kind, action, name, fields }: Change,
  { before = {}, settings }: { before?: Readonly<Record<string, unknown>> | undefined; settings: Described },
): void {
  const after = Object.fromEntries(fields.map(({ field, after: value }) => [field, value]))
  if (kind === 'setting') refuseGuardingSettings(caller, [name], settings)
  if (kind === 'hook') refuseHooks(caller)
  if (kind === 'provider') refuseOrganizationProviders(caller, before, after)
  if (kind === 'administrator_role') refuseAdministratorRoles(caller)
  if (kind === 'brand') refuseBranding(caller)
  if (kind === 'text') refuseTexts(caller)
  if (kind === 'provider' && action !== 'delete') {
    refuseSplitProviders(caller, { ...before, ...after })
    refuseMembershipRules(caller, after)
  }
  if (kind === 'organization' && action === 'update') refuseWeakerOrganizations(caller, after, before)
  if (kind !== 'client') return
  refuseAdminClients(caller, before)
  refuseAdminScopes(caller, after)
  if (action !== 'delete') {
    refuseFirstParty(caller, after, before)
    refuseWeakerSignIns(caller, after, before)
  }
  if (fields.some(({ field }) => field === 'key'))
    refuseConfigurationKeys(caller, { software_id: after.key ?? '' })
}

/**
 * A caller that named its own gateway for SMS would get every code, one that took second factors away would need none.
 * @param names of the settings that would be changed or reset @throws AppError administration_not_granted (403)
 */
export function refuseGuardingSettings(
  caller: Limitable,
  names: readonly string[],
  settings: Described,
): void {
  const guarding = settings
    .filter(({ name, guards }) => guards && names.includes(name))
    .map(({ name }) => name)
  if (isLimited(caller) && guarding.length > 0)
    throw refused(caller, 'admin.limits.guarding_settings', { settings: guarding.join(', ') })
}

/**
 * An address that a SCIM client sets counts as verified (docs/scim.md): a program with one could point an account at a mailbox
 * of its own, and reset the password there.
 * @throws AppError administration_not_granted (403)
 */
export function refuseScimTokens(caller: Limitable): void {
  if (isLimited(caller)) throw refused(caller, 'admin.limits.scim_tokens')
}

/**
 * A hook guards sign-ins: a caller that took it away, or sent it to a receiver of its own, would decide who gets in, and what tokens say.
 * @throws AppError administration_not_granted (403)
 */
export function refuseHooks(caller: Limitable): void {
  if (isLimited(caller)) throw refused(caller, 'admin.limits.hooks')
}

/**
 * What a role allows is what people who have it may do.
 * @throws AppError administration_not_granted (403)
 */
export function refuseAdministratorRoles(caller: Limitable): void {
  if (isLimited(caller)) throw refused(caller, 'admin.limits.administrator_roles')
}

/** @throws AppError administration_not_granted (403) for a role other than user */
export function refuseRoles(caller: Limitable, role: unknown): void {
  // A person is judged by what their own role allows, where it is changed.
  if (caller.kind === 'machine' && role !== undefined && role !== 'user')
    throw refused(caller, 'admin.limits.make_administrators')
}

/**
 * A caller that changed the email address of an administrator would receive the link that sets their password.
 * @throws AppError administration_not_granted (403)
 */
export function refuseAdministrators(caller: Limitable, account: Pick<Account, 'role'>): void {
  if (isLimited(caller) && account.role !== 'user') throw refused(caller, 'admin.limits.administrators')
}

/**
 * Ending sessions of an administrator and sending them mail opens no door, but keeps them from work: a role does it to those that may
 * no more than itself.
 * @param authorityOf what a role comes to @throws AppError administration_not_granted (403)
 */
export async function refuseGreater(
  caller: Limitable,
  account: Pick<Account, 'role'>,
  authorityOf: (role: string) => Promise<Authority>,
): Promise<void> {
  if (caller.kind === 'machine' || caller.full || account.role === 'user') return
  if (!covers(currentAuthority(), await authorityOf(account.role)))
    throw refused(caller, 'admin.limits.greater')
}

/**
 * Groups and roles of administrators are what their accounts may do at apps and APIs.
 * @param found whether an administrator or auditor is among those whom the change is about
 * @throws AppError administration_not_granted (403)
 */
export async function refuseAccessOfAdministrators(
  caller: Limitable,
  found: () => Promise<boolean>,
): Promise<void> {
  if (isLimited(caller) && (await found())) throw refused(caller, 'admin.limits.access_of_administrators')
}

/**
 * Who looks after some clients decides what these may do, and not what else there is: a scope or a way to get tokens that a client does not
 * have is given by who may reach all clients.
 * @param before the client as it is @throws AppError administration_not_granted (403)
 */
export function refuseWiderClients(
  changes: Readonly<Record<string, unknown>>,
  before: { scope?: string | undefined; grant_types: readonly string[] },
): void {
  if (currentAuthority().scope === undefined) return
  const there = before.scope?.split(' ') ?? []
  const scopes = typeof changes.scope === 'string' ? changes.scope.split(/\s+/).filter(Boolean) : []
  // Unset, it is what RFC 7591 §2 has.
  const given = changes.grant_types === null ? ['authorization_code'] : changes.grant_types
  const grants = Array.isArray(given) ? given : []
  if (
    scopes.every((scope) => there.includes(scope)) &&
    grants.every((grant) => before.grant_types.includes(grant)) &&
    !(changes.scope === null && before.scope !== undefined)
  )
    return
  throw refused({ kind: 'person', full: false }, 'admin.limits.wider_clients')
}

const STRENGTH = ['any', 'required', 'phishing_resistant']

/**
 * What a client asks of the sign-ins to it guards what it shows: a caller that held a password could take the rest away.
 * @param before the client as it is @throws AppError administration_not_granted (403)
 */
export function refuseWeakerSignIns(
  caller: Limitable,
  changes: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>>,
): void {
  if (!isLimited(caller)) return
  const strength = (value: unknown) => Math.max(0, STRENGTH.indexOf(String(value ?? 'any')))
  const age = (value: unknown) => (typeof value === 'number' ? value : Infinity)
  const weaker = [
    changes.second_factor !== undefined &&
      strength(changes.second_factor) < strength(before.second_factor) &&
      'second_factor',
    changes.max_auth_age !== undefined &&
      age(changes.max_auth_age) > age(before.max_auth_age) &&
      'max_auth_age',
  ].filter((name) => name !== false)
  if (weaker.length > 0) throw refused(caller, 'admin.limits.weaker_sign_ins', { fields: weaker.join(', ') })
}

/**
 * What an organization asks of the sign-ins for it guards what its members see.
 * @param before the organization as it is @throws AppError administration_not_granted (403)
 */
export function refuseWeakerOrganizations(
  caller: Limitable,
  changes: Readonly<Record<string, unknown>>,
  before: Readonly<Record<string, unknown>>,
): void {
  if (!isLimited(caller)) return
  const lifted = ['second_factor_required', 'provider_required', 'impersonation_forbidden'].some(
    (name) => before[name] === true && changes[name] !== undefined && changes[name] !== true,
  )
  const age = (value: unknown) => (typeof value === 'number' ? value : Infinity)
  const longer =
    changes.session_max_age !== undefined && age(changes.session_max_age) > age(before.session_max_age)
  // What a domain asks of its addresses ends with it.
  const names = (value: unknown): unknown[] => (Array.isArray(value) ? value : [])
  const lost =
    before.provider_required === true &&
    Object.hasOwn(changes, 'domains') &&
    names(before.domains).some((domain) => !names(changes.domains).includes(domain))
  // Who comes by its provider would be a member, or one with more roles.
  const joins = changes.provider_join === true && before.provider_join !== true
  const gives = names(changes.provider_roles).some((role) => !names(before.provider_roles).includes(role))
  if (lifted || longer || lost || joins || gives) throw refused(caller, 'admin.limits.weaker_organizations')
}

/**
 * An administrator has required a second factor of the person.
 * @throws AppError administration_not_granted (403) where it would be required no more
 */
export function refuseLiftedRequirement(
  caller: Limitable,
  required: unknown,
  before: Pick<Account, 'secondFactorRequired'>,
): void {
  if (isLimited(caller) && before.secondFactorRequired && required === false)
    throw refused(caller, 'admin.limits.lifted_requirement')
}

/**
 * An upstream provider vouches for the identity of accounts, administrators' too. GitHub Enterprise has one URL for people and another
 * for its API: the latter has to be its own, or the caller could sign in as any person there, by a response stored at the same host.
 * https://docs.github.com/en/enterprise-server/rest/using-the-rest-api/getting-started-with-the-rest-api
 * @throws AppError administration_not_granted (403)
 */
export function refuseSplitProviders(caller: Limitable, input: Readonly<Record<string, unknown>>): void {
  if (!isLimited(caller)) return
  const { url, api_url } = (input.settings ?? {}) as { url?: unknown; api_url?: unknown }
  // A kind with one URL has nothing to split; one that other kinds call `url` is all that they have.
  if (api_url === undefined && (url === undefined || input.kind !== 'github')) return
  const [site, api] = [url, api_url].map((value) => URL.parse(String(value)))
  const apis = site ? [`${trimmed(site)}/api/v3`, `${site.protocol}//api.${site.host}`] : []
  if (api && apis.includes(trimmed(api))) return
  throw refused(caller, 'admin.limits.split_providers')
}

/**
 * A provider gives groups and roles to each person who signs in by it, administrators too: a caller that may not put them there may not
 * name the rules that do.
 * @throws AppError administration_not_granted (403)
 */
export function refuseMembershipRules(caller: Limitable, changes: Readonly<Record<string, unknown>>): void {
  if (
    isLimited(caller) &&
    ['membership_rules', 'membership_mode'].some((name) => Object.hasOwn(changes, name))
  )
    throw refused(caller, 'admin.limits.membership_rules')
}

/**
 * People of an organization's domains are led to its provider: a caller that named another one would get to see their sign-ins, and one that
 * switched it off would let passwords in again.
 * @param of the provider as it is, and as it would be @throws AppError administration_not_granted (403)
 */
export function refuseOrganizationProviders(
  caller: Limitable,
  ...of: readonly (Readonly<Record<string, unknown>> | undefined)[]
): void {
  if (isLimited(caller) && of.some((one) => (one?.organization ?? null) !== null))
    throw refused(caller, 'admin.limits.organization_providers')
}

/** As the provider takes it: without slashes at the end. */
const trimmed = ({ href }: URL): string => href.replace(/\/+$/, '')

/**
 * Name, logo and links are what people know a page by, as its texts are.
 * @throws AppError administration_not_granted (403)
 */
export function refuseBranding(caller: Limitable): void {
  if (isLimited(caller)) throw refused(caller, 'admin.limits.branding')
}

/**
 * What pages say is what people trust them by: a text could send them to another site, or leave out what warns them.
 * @throws AppError administration_not_granted (403)
 */
export function refuseTexts(caller: Limitable): void {
  if (isLimited(caller)) throw refused(caller, 'admin.limits.texts')
}
