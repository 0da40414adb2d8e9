import { z } from 'zod'
import { domainOfAddress } from '../../shared/domain-name.ts'
import { type PropertySetBy, providerFields } from '../../shared/profile/fields.ts'
import { UpstreamError, type UpstreamIdentity } from '../connector.ts'
import { MEMBERSHIP_MODES, providedBy } from '../providers/membership-rules.ts'
import type { Provider } from '../providers/provider.ts'
import { type Intent, intentSchema } from './intent.ts'

const nullable = z.string().nullable()
const value = nullable.default(null)
/** A field that the table had not when the login was stored is null. */
const profile = z.object(
  Object.fromEntries(providerFields.map(({ property }) => [property, value])) as Record<
    PropertySetBy<'provider'>,
    typeof value
  >,
)
/** As it is stored: `purpose` is the intent. */
export const storedLogin = z
  .object({
    /** `organizationId`: whose it is. `managed`: managers of an organization set it up, whosever it is now. */
    provider: z.object({
      id: z.string(),
      name: z.string(),
      organizationId: z.string().nullable().default(null),
      managed: z.literal(true).optional(),
    }),
    identity: z.object({
      issuer: z.string(),
      subject: z.string(),
      provider: z.string(),
      label: nullable,
      sealedTokens: nullable,
    }),
    sid: z.string().optional(),
    /** When the browser came back from the provider, in milliseconds since the epoch. */
    at: z.number(),
    profile,
    /** What the provider calls the account. */
    username: z.string().optional(),
    email: z.object({ address: z.string(), verified: z.boolean() }).optional(),
    /** What the provider's rules give. A login that was stored before there were any has none. */
    provided: z
      .object({ mode: z.enum(MEMBERSHIP_MODES), groups: z.array(z.string()), roles: z.array(z.string()) })
      .default({ mode: 'add', groups: [], roles: [] }),
    purpose: intentSchema,
  })
  .transform(({ purpose, ...rest }) => ({ ...rest, intent: purpose }))

/** An identity that a provider has vouched for, with all that this server keeps of it. */
export type UpstreamLogin = z.output<typeof storedLogin>

/** Longer than any name, address or URL of a picture. */
const MAX_LENGTH = 500

/**
 * Text of a provider as far as it is kept: whole characters, none of them for control, and at most MAX_LENGTH. Other text
 * counts as missing, so that no database refuses it later and no nickname keeps a person out.
 */
const said = (text: string | undefined): string | undefined =>
  text !== undefined &&
  text !== '' &&
  text.length <= MAX_LENGTH &&
  text.isWellFormed() &&
  !/\p{Cc}/u.test(text)
    ? text
    : undefined

/** What the provider says of the person, null what it does not. */
const profileOf = (who: UpstreamIdentity): UpstreamLogin['profile'] =>
  Object.fromEntries(providerFields.map(({ property }) => [property, said(who[property]) ?? null])) as Record<
    PropertySetBy<'provider'>,
    string | null
  >

/**
 * What this server keeps of an identity that a provider vouches for.
 * @param sealTokens null: they are not kept @param at when the browser came back from the provider, in milliseconds
 */
export function toUpstreamLogin(
  provider: Provider,
  who: UpstreamIdentity,
  intent: Intent,
  sealTokens: (identity: UpstreamIdentity) => string | null,
  at: number,
): UpstreamLogin {
  const address = said(who.email?.address)
  const { id, name, organizationId, managed } = provider
  const username = said(who.username)
  const email = address === undefined ? undefined : { address, verified: who.email?.verified === true }
  return {
    provider: { ...{ id, name, organizationId }, ...(managed && { managed }) },
    identity: {
      issuer: who.issuer,
      subject: who.subject,
      provider: provider.id,
      label: username ?? address ?? null,
      sealedTokens: sealTokens(who),
    },
    sid: who.sid,
    at,
    profile: profileOf(who),
    username,
    email,
    provided: providedBy(provider, who.claims ?? {}, verifiedEmail({ email })),
    intent,
  }
}

/** A provider's address counts here when the provider vouches for it. */
export const verifiedEmail = ({ email }: Pick<UpstreamLogin, 'email'>): string | undefined =>
  email?.verified ? email.address : undefined

/**
 * An identity, as far as its provider vouches for it. What managers of an organization have set up vouches for addresses of verified domains; once administrators
 * have taken it out of the organization, for those of the domains that they name for it, and else for none: its people prove their addresses.
 */
export function vouchedFor(
  { managed, organizationId, emailDomains }: Provider,
  identity: UpstreamIdentity,
): UpstreamIdentity {
  if (!managed || organizationId !== null || emailDomains.length > 0 || identity.email === undefined)
    return identity
  return { ...identity, email: { ...identity.email, verified: false } }
}

/**
 * @throws UpstreamError `not_allowed` when the provider is for some domains, and the account has no verified address there
 */
export function requireDomain(provider: Provider, identity: Pick<UpstreamIdentity, 'email'>): void {
  if (provider.emailDomains.length === 0) return
  const address = verifiedEmail(identity) ?? ''
  const domain = domainOfAddress(address).toLowerCase()
  if (!provider.emailDomains.includes(domain))
    throw new UpstreamError(
      'not_allowed',
      'the account has no verified address at one of the domains of the provider',
    )
}

/**
 * The provider of an organization vouches for addresses of the domains that this one has verified, and for no others.
 * @throws UpstreamError `not_allowed`
 */
export async function requireOwnDomain(
  { organizationId }: Pick<Provider, 'organizationId'>,
  identity: Pick<UpstreamIdentity, 'email'>,
  owns: (organizationId: string, email: string) => Promise<boolean>,
): Promise<void> {
  if (organizationId === null) return
  const address = verifiedEmail(identity)
  if (address === undefined || !(await owns(organizationId, address)))
    throw new UpstreamError(
      'not_allowed',
      'the account has no verified address at a verified domain of the organization of the provider',
    )
}
