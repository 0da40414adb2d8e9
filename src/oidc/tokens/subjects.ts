import { type Account, type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { isAtLeast, satisfies } from '../../shared/acr.ts'
import type { AttributeValues } from '../../shared/attribute-values.ts'
import { impersonationOf } from '../../shared/impersonation.ts'
import {
  type ClientSecondFactor,
  requiredAcr,
  type SecondFactorSetting,
} from '../../shared/second-factor-rule.ts'
import { toldNames } from '../../shared/told-names.ts'
import { NOT_ADMITTED } from '../app-access/rule.ts'
import { NO_MEMBER } from '../organizations/prompt.ts'
import { organizationClaims } from '../organizations/standing.ts'
import type { OrganizationTokens } from '../organizations/tokens.ts'
import { type Generation, generationOf } from '../sessions/generations.ts'
import type { ImpersonationCounts } from '../sessions/impersonations.ts'
import { IDENTITY_PROVIDER_CLAIM, type Subject, subjectClaims } from './claims.ts'
import { type CustomClaims, dueClaims, needsMemberships, valuesOf, withCustom } from './custom-claims.ts'
import { FIRST_PARTY_ID } from './first-party-client.ts'
import { membershipNames, type ProtocolMemberships } from './memberships.ts'

/** A person as the protocol meets them. */
export interface ProtocolAccount extends Subject, Generation {
  role: string
  /** An administrator requires a second factor of this person. */
  secondFactorRequired: boolean
  /** Milliseconds since the epoch, or null. */
  disabledAt: number | null
  attributes: AttributeValues
}

/** @param token whom the account is looked up for; undefined: the session. @returns undefined: there is none, or it counts no more */
export type FindAccount = (
  ctx: KoaContextWithOIDC,
  sub: string,
  token?: object,
) => Promise<Account | undefined>

/**
 * The `findAccount` of the library. A disabled or closed account is as if it did not exist, and so is the account of a
 * session of a generation that has passed: every token and session of it stops at once, in every process. Tokens are
 * judged by their Grant (sessions/generations.ts).
 */
export function createFindAccount(
  find: (ctx: KoaContextWithOIDC, id: string) => Promise<ProtocolAccount | undefined>,
  providerOfSession: (uid: string) => Promise<string | undefined>,
  secondFactor: () => SecondFactorSetting,
  memberships: {
    of(ctx: KoaContextWithOIDC, id: string): Promise<ProtocolMemberships | undefined>
    /** The APIs that have a scope. */
    apisOf(ctx: KoaContextWithOIDC, scope: string): Promise<readonly { identifier: string }[] | undefined>
  },
  admits: (ctx: KoaContextWithOIDC, client: Client | undefined, accountId: string) => Promise<boolean>,
  customClaims: CustomClaims,
  organizations: OrganizationTokens,
  impersonationCounts: ImpersonationCounts,
): FindAccount {
  return async (ctx, sub, token) => {
    const account = await find(ctx, sub)
    if (account === undefined || !countsFor(account, token ?? {})) return undefined
    if (token === undefined && account.generation !== generationOf(ctx.oidc.session)) return undefined
    const impersonation = token === undefined ? impersonationOf(ctx.oidc.session) : undefined
    if (impersonation !== undefined && !(await impersonationCounts(sub, impersonation))) return undefined
    const ofToken = token && (await clientOfToken(ctx, token))
    if (token !== undefined && !(await admits(ctx, ofToken, sub))) {
      if (ctx.oidc.route === 'token') throw new errors.InvalidGrant(NOT_ADMITTED)
      return undefined
    }
    const membership = token && (await organizations.membershipOf(ctx, sub, token, ofToken))
    if (membership === 'ended') {
      if (ctx.oidc.route === 'token') throw new errors.InvalidGrant(NO_MEMBER)
      return undefined
    }
    if (isGrantOfSignIn(token)) {
      // A rule that came after the sign-in counts with the next exchange of its code or refresh token: the person signs in anew, and shows what it asks for.
      const { second_factor } = (ctx.oidc.client ?? {}) as { second_factor?: ClientSecondFactor }
      const ofOrganization = membership?.second_factor_required ? 'required' : undefined
      const ofClient =
        second_factor === 'phishing_resistant' ? second_factor : (ofOrganization ?? second_factor)
      const required = requiredAcr(secondFactor(), account, ofClient)
      // By what was shown: a client may have asked to be told a weaker class (Core §5.5.1.1).
      const enough = token.amr ? satisfies(token.amr, required) : isAtLeast(token.acr, required ?? '')
      if (required !== undefined && !enough) return undefined
    }
    const { sessionUid = ctx.oidc.session?.uid } = (token ?? {}) as { sessionUid?: string }
    return {
      accountId: sub,
      async claims(use, scope, requested) {
        const scopes = scope.split(' ')
        const asks = (claim: string, by = claim) =>
          scopes.includes(by) || Object.hasOwn(requested ?? {}, claim)
        const { client } = ctx.oidc
        // Nobody has said who keeps the ID Tokens of a client that is not registered for claims there.
        const strict = use === 'id_token' && client?.id_token_identity_claims !== true
        const due = dueClaims(customClaims.live(), use === 'id_token' ? use : 'userinfo', {
          clientId: client?.clientId,
          scopes: new Set(strict ? ['openid'] : scopes),
        })
        const asked = asks('groups') || asks('roles') || needsMemberships(due)
        const found = asked ? await memberships.of(ctx, sub) : undefined
        const names = found && (await membershipNames(found, client, (each) => memberships.apisOf(ctx, each)))
        const provider =
          sessionUid !== undefined && asks(IDENTITY_PROVIDER_CLAIM, 'identity_provider')
            ? { [IDENTITY_PROVIDER_CLAIM]: await providerOfSession(sessionUid) }
            : {}
        const claims = {
          ...subjectClaims(account),
          ...(names && { groups: toldNames(names.groups), roles: toldNames(names.roles) }),
          ...provider,
        }
        const organization = await organizations.ofGrant(ctx, sub)
        return withCustom(claims, {
          ...valuesOf(due, {
            groups: [],
            roles: [],
            ...names,
            attributes: customClaims.attributesOf(account.attributes),
            organization,
          }),
          ...organizationClaims(organization),
        })
      },
    }
  }
}

/**
 * Whether an account counts for a token. What registering by the JSON API gives out works once the address is proven
 * (first-party-tokens.ts).
 */
export const countsFor = (
  account: Pick<ProtocolAccount, 'disabledAt' | 'email'>,
  { clientId }: { clientId?: string | undefined },
): boolean => account.disabledAt === null && !(clientId === FIRST_PARTY_ID && account.email === null)

/** The client that a token was issued to: at introspection another one asks. */
async function clientOfToken({ oidc }: KoaContextWithOIDC, token: object): Promise<Client | undefined> {
  const { clientId } = token as { clientId?: string }
  if (clientId === undefined || clientId === FIRST_PARTY_ID) return undefined
  return oidc.client?.clientId === clientId ? oidc.client : oidc.provider.Client.find(clientId)
}

const OF_SIGN_IN: ReadonlySet<string | undefined> = new Set([
  'AuthorizationCode',
  'DeviceCode',
  'RefreshToken',
])

/** What tokens are asked for with, and what was shown at the sign-in behind it. */
const isGrantOfSignIn = (token: object | undefined): token is { acr?: string; amr?: string[] } =>
  OF_SIGN_IN.has((token as { kind?: string } | undefined)?.kind)
