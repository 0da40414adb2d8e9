import { type Account, type Client, errors, type KoaContextWithOIDC } from 'oidc-provider'
import { isAtLeast, satisfies } from '../../shared/acr.ts'
import {
  type ClientSecondFactor,
  requiredAcr,
  type SecondFactorSetting,
} from '../../shared/second-factor-rule.ts'
import { NOT_ADMITTED } from '../app-access/rule.ts'
import { type Generation, generationOf } from '../sessions/generations.ts'
import { IDENTITY_PROVIDER_CLAIM, type Subject, subjectClaims } from './claims.ts'
import { FIRST_PARTY_ID } from './first-party-client.ts'
import { membershipClaims, type ProtocolMemberships } from './memberships.ts'

/** A person as the protocol meets them. */
export interface ProtocolAccount extends Subject, Generation {
  role: string
  /** An administrator requires a second factor of this person. */
  secondFactorRequired: boolean
  /** Milliseconds since the epoch, or null. */
  disabledAt: number | null
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
): FindAccount {
  return async (ctx, sub, token) => {
    const account = await find(ctx, sub)
    if (account === undefined || !countsFor(account, token ?? {})) return undefined
    if (token === undefined && account.generation !== generationOf(ctx.oidc.session)) return undefined
    if (token !== undefined && !(await admits(ctx, await clientOfToken(ctx, token), sub))) {
      if (ctx.oidc.route === 'token') throw new errors.InvalidGrant(NOT_ADMITTED)
      return undefined
    }
    if (isRefreshToken(token)) {
      // A rule that came after the sign-in counts with the next refresh: the person signs in anew, and shows what it asks for.
      const { second_factor } = (ctx.oidc.client ?? {}) as { second_factor?: ClientSecondFactor }
      const required = requiredAcr(secondFactor(), account, second_factor)
      // By what was shown: a client may have asked to be told a weaker class (Core §5.5.1.1).
      const enough = token.amr ? satisfies(token.amr, required) : isAtLeast(token.acr, required ?? '')
      if (required !== undefined && !enough) return undefined
    }
    const { sessionUid = ctx.oidc.session?.uid } = (token ?? {}) as { sessionUid?: string }
    return {
      accountId: sub,
      async claims(_use, scope, requested) {
        const scopes = scope.split(' ')
        const asks = (claim: string, by = claim) =>
          scopes.includes(by) || Object.hasOwn(requested ?? {}, claim)
        const found = asks('groups') || asks('roles') ? await memberships.of(ctx, sub) : undefined
        const provider =
          sessionUid !== undefined && asks(IDENTITY_PROVIDER_CLAIM, 'identity_provider')
            ? { [IDENTITY_PROVIDER_CLAIM]: await providerOfSession(sessionUid) }
            : {}
        return {
          ...subjectClaims(account),
          ...(found &&
            (await membershipClaims(found, ctx.oidc.client, (each) => memberships.apisOf(ctx, each)))),
          ...provider,
        }
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

const isRefreshToken = (token: object | undefined): token is { acr?: string; amr?: string[] } =>
  (token as { kind?: string } | undefined)?.kind === 'RefreshToken'
