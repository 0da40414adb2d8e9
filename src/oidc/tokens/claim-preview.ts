/** What a custom claim would be for a person in an app, by the functions that decide it for tokens and answers. */
import type { AttributeValues } from '../../shared/attribute-values.ts'
import { IDENTITY_SCOPES, isIdentityScope } from '../../shared/identity-scopes.ts'
import { type TextKey, t } from '../../shared/locales/texts.ts'
import { scopesOfRoles } from './by-role.ts'
import { type ClaimPlace, type CustomClaim, type CustomClaims, dueClaims, valuesOf } from './custom-claims.ts'
import { membershipNames, type ProtocolMemberships } from './memberships.ts'

/** A place where a claim is looked for. */
export interface PreviewRow {
  place: string
  /** The API that the access token is for. */
  api?: string | undefined
  /** As JSON has it; undefined: it is not there. */
  value: unknown
  /** Why it is not there. */
  why: string | undefined
}

interface Person {
  id: string
  attributes: AttributeValues
}

/** @returns a row a place; undefined: there is no such client */
export type ClaimPreview = (
  claim: CustomClaim,
  person: Person,
  clientId: string,
) => Promise<PreviewRow[] | undefined>

interface PreviewDependencies {
  /** Metadata of a client as it is registered. */
  metadataOf(clientId: string): Promise<Readonly<Record<string, unknown>> | undefined>
  membershipsOf(accountId: string): Promise<ProtocolMemberships>
  resources: {
    findByScope(
      scope: string,
    ): Promise<readonly { identifier: string; scope: string; scopesByRole?: boolean }[]>
  }
  attributesOf: CustomClaims['attributesOf']
}

/** Why a claim of a source has no value here. */
const WITHOUT: Partial<Record<CustomClaim['source'], TextKey>> = {
  organization: 'admin.claims.preview.why.organization',
}

/** APIs that are shown; a client has few. */
const MAX_APIS = 20

export function createClaimPreview(deps: PreviewDependencies): ClaimPreview {
  return async (claim, person, clientId) => {
    const metadata = await deps.metadataOf(clientId)
    if (metadata === undefined) return undefined
    const all =
      typeof metadata.scope === 'string' ? metadata.scope.split(' ').filter(Boolean) : IDENTITY_SCOPES
    const ofApis = all.filter((scope) => !isIdentityScope(scope))
    const own = new Set(all.filter((scope) => isIdentityScope(scope)))
    const found = await Promise.all(ofApis.slice(0, 100).map((scope) => deps.resources.findByScope(scope)))
    const apis = new Map(found.flat().map((api) => [api.identifier, api]))
    const memberships = await deps.membershipsOf(person.id)
    const names = await membershipNames(
      memberships,
      { ...metadata, resource_scope: ofApis.join(' ') },
      async (scope) => found[ofApis.indexOf(scope)] ?? deps.resources.findByScope(scope),
    )
    const sources = { ...names, attributes: deps.attributesOf(person.attributes) }

    const row = (
      place: ClaimPlace,
      scopes: ReadonlySet<string>,
      also: { api?: string; strict?: boolean } = {},
    ): PreviewRow => {
      const { api } = also
      const told = { clientId, scopes: also.strict ? new Set(['openid']) : scopes, audience: api }
      const [due] = dueClaims([claim], place, told)
      // For which organization the person signs in, the sign-in says.
      const value = due && claim.source !== 'organization' ? valuesOf([due], sources)[claim.name] : undefined
      if (value !== undefined)
        return { place: t(`admin.claims.preview.place.${place}`), api, value, why: undefined }
      return {
        place: t(`admin.claims.preview.place.${place}`),
        api,
        value,
        why: due
          ? t(WITHOUT[claim.source] ?? 'admin.claims.preview.why.value')
          : whyNot(claim, place, told, also.strict),
      }
    }

    const strict = metadata.id_token_identity_claims !== true
    const tokens = [
      { scopes: own, api: undefined },
      ...[...apis.values()].slice(0, MAX_APIS).map((api) => {
        const given = api.scopesByRole ? scopesOfRoles(api.identifier, memberships.roles) : undefined
        const scopes = api.scope
          .split(' ')
          .filter((scope) => ofApis.includes(scope) && (given?.has(scope) ?? true))
        return { scopes: new Set(scopes), api: api.identifier }
      }),
    ]
    const ofTokens = tokens.map(({ scopes, api }) => {
      const also = api === undefined ? {} : { api }
      const token = row('access_token', scopes, also)
      const introspection = row('introspection', scopes, also)
      // An introspection says what the token was issued with, too.
      const { value, why } = introspection.value === undefined ? token : introspection
      return { token, introspection: value === undefined ? introspection : { ...introspection, value, why } }
    })
    return [
      row('id_token', own, { strict }),
      row('userinfo', own),
      ...ofTokens.map(({ token }) => token),
      ...ofTokens.map(({ introspection }) => introspection),
    ]
  }
}

/** Which of the conditions of `dueClaims` is not met; they are asked one by one. */
function whyNot(
  claim: CustomClaim,
  place: ClaimPlace,
  told: Parameters<typeof dueClaims>[2],
  strict = false,
): string {
  const without = (changes: Partial<CustomClaim>) =>
    dueClaims([{ ...claim, ...changes }], place, told).length > 0
  const everywhere = { in: [place], clients: [], resources: [] } satisfies Partial<CustomClaim>
  if (!claim.in.includes(place)) return t('admin.claims.preview.why.place')
  if (claim.clients.length > 0 && !claim.clients.includes(told.clientId ?? ''))
    return t('admin.claims.preview.why.clients')
  if (!without(everywhere))
    return strict ? t('admin.claims.preview.why.strict') : t('admin.claims.preview.why.scope')
  return told.audience === undefined
    ? t('admin.claims.preview.why.no_api')
    : t('admin.claims.preview.why.apis')
}
