/** Claims that administrators have defined, as a client or an API is told them. */
import type { Client, Provider } from 'oidc-provider'
import type { AttributeValues } from '../../shared/attribute-values.ts'
import { t } from '../../shared/locales/texts.ts'
import { own } from '../../shared/own.ts'
import { isReservedClaim } from '../../shared/reserved-claims.ts'
import { toldNames } from '../../shared/told-names.ts'

export type ClaimPlace = 'id_token' | 'userinfo' | 'access_token' | 'introspection'

export interface CustomClaim {
  name: string
  source: 'attribute' | 'groups' | 'roles' | 'organization' | 'constant'
  /** Of an attribute its name, of the organization what of it, of a constant the text. */
  value: string
  /** `*` stands for any text, `?` for one character; empty: all. */
  filter: string
  rename: Readonly<Record<string, string>>
  shape: 'array' | 'string' | 'first' | 'boolean'
  in: readonly ClaimPlace[]
  /** Of which one has to be granted, separated by spaces; empty: by its source. */
  scope: string
  /** Client IDs; empty: all. */
  clients: readonly string[]
  /** Identifiers of APIs; empty: all. */
  resources: readonly string[]
}

/** What is defined now, and how values of attributes are told. */
export interface CustomClaims {
  live(): readonly CustomClaim[]
  /** Values as JSON has them, by name; of what is not defined nothing. */
  attributesOf(values: AttributeValues): Readonly<Record<string, unknown>>
  /** What the consent page calls an attribute. */
  labelOf(attribute: string): string
}

const DEFAULT_SCOPES = {
  attribute: 'profile',
  groups: 'groups',
  roles: 'roles',
  // As `org_id` and `org_name`, which come with each sign-in.
  organization: 'openid',
  constant: 'openid',
} as const

/** Whom something is told. */
export interface Told {
  clientId: string | undefined
  /** Granted. */
  scopes: ReadonlySet<string>
  /** Of the access token, where it is for an API. */
  audience?: string | readonly string[] | undefined
}

/**
 * Those that are told at a place. A name of a standard is none, whatever is stored.
 * @returns usually the same empty list
 */
export function dueClaims(
  all: readonly CustomClaim[],
  place: ClaimPlace,
  told: Told,
): readonly CustomClaim[] {
  if (all.length === 0) return all
  const audience = [told.audience ?? []].flat()
  return all.filter(
    ({ name, source, in: places, scope, clients, resources }) =>
      places.includes(place) &&
      !isReservedClaim(name) &&
      (scope || DEFAULT_SCOPES[source]).split(' ').some((each) => told.scopes.has(each)) &&
      (clients.length === 0 || clients.includes(told.clientId ?? '')) &&
      (resources.length === 0 ||
        place === 'id_token' ||
        place === 'userinfo' ||
        audience.some((api) => resources.includes(api))),
  )
}

/** Whether claims need to know the groups and roles of a person. */
export const needsMemberships = (claims: readonly CustomClaim[]): boolean =>
  claims.some(({ source }) => source === 'groups' || source === 'roles')

/** What claims are made of: names of groups and roles that the client may be told, attributes as JSON has them. */
export interface ClaimSources {
  groups: readonly string[]
  roles: readonly string[]
  attributes: Readonly<Record<string, unknown>>
  /** That the person signs in for; undefined: for none. */
  organization?: ToldOrganization | undefined
}

/** What is told of an organization: each of it can be the value of a claim. */
export interface ToldOrganization {
  id: string
  slug: string
  name: string
  roles: readonly string[]
}

type Value = string | number | boolean

/** The claims with their values; one without a value is left out, unless it is a list or says whether there is one. */
export function valuesOf(claims: readonly CustomClaim[], sources: ClaimSources): Record<string, unknown> {
  const entries = claims.flatMap((claim): [string, unknown][] => {
    const value = valueOfClaim(claim, sources)
    return value === undefined ? [] : [[claim.name, value]]
  })
  return Object.fromEntries(entries)
}

function valueOfClaim(claim: CustomClaim, sources: ClaimSources): unknown {
  const { filter, rename, shape } = claim
  const order = Object.keys(rename)
  const rank = (value: Value) => {
    const at = order.indexOf(String(value))
    return at === -1 ? order.length : at
  }
  const values = sourceOf(claim, sources)
    .filter((value) => filter === '' || isLike(String(value), filter))
    .toSorted((a, b) => rank(a) - rank(b))
    .map((value) => (Object.hasOwn(rename, String(value)) ? (rename[String(value)] ?? value) : value))
  const told = toldNames(values)
  if (shape === 'array') return told
  if (shape === 'boolean') return told.some((value) => value !== false && value !== 'false')
  if (told.length === 0) return undefined
  return shape === 'first' ? told[0] : told.join(',')
}

function sourceOf(
  { source, value }: CustomClaim,
  { groups, roles, attributes, organization }: ClaimSources,
): readonly Value[] {
  if (source === 'constant') return [value]
  if (source === 'organization') return partOf(organization, value)
  if (source === 'groups') return groups
  if (source === 'roles') return roles
  const found = Object.hasOwn(attributes, value) ? attributes[value] : undefined
  return found === undefined ? [] : ([found].flat() as Value[])
}

function partOf(organization: ToldOrganization | undefined, part: string): readonly string[] {
  if (organization === undefined) return []
  const { id, slug, name, roles } = organization
  return own({ id: [id], slug: [slug], name: [name], roles }, part) ?? []
}

/** Whether a text is like a pattern, in steps that grow with both lengths: no pattern takes long. */
export function isLike(text: string, pattern: string): boolean {
  let [at, behind] = [0, 0]
  let star: { at: number; behind: number } | undefined
  while (at < text.length) {
    const sign = pattern[behind]
    if (sign === '*') {
      star = { at, behind: ++behind }
    } else if (sign === '?' || (sign !== undefined && sign === text[at])) {
      at++
      behind++
    } else if (star) {
      star.at++
      at = star.at
      behind = star.behind
    } else return false
  }
  while (pattern[behind] === '*') behind++
  return behind === pattern.length
}

/** A token, as far as it says who is told. */
interface ToldByToken {
  clientId?: string | undefined
  scopes: ReadonlySet<string>
  aud?: string | string[] | undefined
}

/**
 * The custom claims that a token of a person tells. One statement where they are made of groups or roles, none else.
 * @param look.names of the groups and roles that the client may be told; undefined: it is not known here
 * @param look.organization of the token
 * @returns undefined where the names are not known
 */
export async function customOfToken(
  { live, attributesOf }: CustomClaims,
  place: ClaimPlace,
  token: ToldByToken,
  attributes: AttributeValues,
  look: {
    names(): Promise<{ groups: readonly string[]; roles: readonly string[] } | undefined>
    organization(): Promise<ToldOrganization | undefined>
  },
): Promise<Record<string, unknown> | undefined> {
  const due = dueClaims(live(), place, {
    clientId: token.clientId,
    scopes: token.scopes,
    audience: token.aud,
  })
  if (due.length === 0) return {}
  const found = needsMemberships(due) ? await look.names() : NO_NAMES
  const organization = due.some(({ source }) => source === 'organization')
    ? await look.organization()
    : undefined
  return found && valuesOf(due, { ...found, attributes: attributesOf(attributes), organization })
}

const NO_NAMES = { groups: [], roles: [] }

/** What custom claims a client gets beside those of its scopes: kept apart from these, which the library chooses by its configuration. */
const BESIDE = Symbol('custom claims')

/** Claims of an account, with custom ones that are told in any case. */
export const withCustom = <Available extends object>(
  available: Available,
  custom: Record<string, unknown>,
): Available =>
  Object.keys(custom).length === 0 ? available : Object.assign(available, { [BESIDE]: custom })

/** The `Claims` of the library; its types leave it out. */
interface ClaimsModel {
  prototype: { available: object; client: Client; result(): Promise<Record<string, unknown>> }
}

/** Adds custom claims to what the library chooses, for ID Tokens and userinfo; what the library says counts. */
export function addCustomClaims(provider: Provider): void {
  const { Claims } = provider as unknown as { Claims: ClaimsModel }
  const { prototype } = Claims
  const { result } = prototype
  prototype.result = async function () {
    const chosen = await result.call(this)
    const custom = (this.available as { [BESIDE]?: Record<string, unknown> })[BESIDE]
    return custom === undefined ? chosen : { ...custom, ...chosen }
  }
}

/** Custom claims that clients are told of a person with these scopes, in the language of the page, for the consent page. */
export const customInWords = (
  { live, labelOf }: Pick<CustomClaims, 'live' | 'labelOf'>,
  clientId: string,
  scopes: readonly string[],
): string[] => {
  const all = live().filter(({ name }) => !isReservedClaim(name))
  const words = all
    .filter(
      ({ scope, source, clients }) =>
        (scope || DEFAULT_SCOPES[source]).split(' ').some((each) => scopes.includes(each)) &&
        (clients.length === 0 || clients.includes(clientId)),
    )
    .map(({ source, value }) => {
      if (source === 'attribute') return t('claim.attribute', { attribute: labelOf(value) })
      if (source === 'groups') return t('scope.groups')
      return source === 'roles' ? t('scope.roles') : undefined
    })
  return [...new Set(words.filter((each) => each !== undefined))]
}
