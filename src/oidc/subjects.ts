import type { Account, KoaContextWithOIDC } from 'oidc-provider'
import { IDENTITY_PROVIDER_CLAIM, type Subject, subjectClaims } from './claims.ts'
import { FIRST_PARTY_ID } from './first-party.ts'

/** A person as the protocol meets them. */
export interface ProtocolAccount extends Subject {
  /** Milliseconds since the epoch, or null. */
  disabledAt: number | null
  /** Milliseconds since the epoch: sessions and tokens from before count for nothing. */
  authValidAfter: number
}

/**
 * Whether what an account started at a moment still counts.
 * @param since seconds since the epoch; undefined: the account itself is meant
 */
export function isCurrent(
  account: Pick<ProtocolAccount, 'disabledAt' | 'authValidAfter'> | undefined,
  since: number | undefined,
): boolean {
  if (account === undefined || account.disabledAt !== null) return false
  return since === undefined || since * 1000 >= account.authValidAfter
}

/**
 * The `findAccount` of the library. A disabled or closed account, and whatever was issued before the account's
 * `authValidAfter`, is as if it did not exist: every token and session of it stops at once, in every process.
 */
export function createFindAccount(
  findById: (id: string) => Promise<ProtocolAccount | undefined>,
  providerOfSession: (uid: string) => Promise<string | undefined>,
) {
  return async (ctx: KoaContextWithOIDC, sub: string, token?: object): Promise<Account | undefined> => {
    const account = await findById(sub)
    const {
      iat,
      clientId,
      sessionUid = ctx.oidc.session?.uid,
    } = (token ?? {}) as {
      iat?: number
      clientId?: string
      sessionUid?: string
    }
    const since = token ? iat : ctx.oidc.session?.loginTs
    if (account === undefined || !isCurrent(account, since)) return undefined
    // What registering by the JSON API gives out works once the address is proven (mint.ts).
    if (clientId === FIRST_PARTY_ID && account.email === null) return undefined
    return {
      accountId: sub,
      async claims(_use, scope) {
        const claims = subjectClaims(account)
        if (sessionUid === undefined || !scope.split(' ').includes('identity_provider')) return claims
        return { ...claims, [IDENTITY_PROVIDER_CLAIM]: await providerOfSession(sessionUid) }
      },
    }
  }
}
