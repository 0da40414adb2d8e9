import type { Account, KoaContextWithOIDC } from 'oidc-provider'
import { type Subject, subjectClaims } from './claims.ts'

/** A person as the protocol meets them. */
export interface ProtocolAccount extends Subject {
  /** Milliseconds since the epoch, or null. */
  disabledAt: number | null
  /** Milliseconds since the epoch: sessions and tokens from before count for nothing. */
  authValidAfter: number
}

/**
 * The `findAccount` of the library. A disabled or closed account, and whatever was issued before the account's
 * `authValidAfter`, is as if it did not exist: every token and session of it stops at once, in every process.
 */
export function createFindAccount(findById: (id: string) => Promise<ProtocolAccount | undefined>) {
  return async (ctx: KoaContextWithOIDC, sub: string, token?: object): Promise<Account | undefined> => {
    const account = await findById(sub)
    if (!account || account.disabledAt !== null) return undefined
    const issuedAt = token ? (token as { iat?: number }).iat : ctx.oidc.session?.loginTs
    if (issuedAt !== undefined && issuedAt < Math.floor(account.authValidAfter / 1000)) return undefined
    return { accountId: sub, claims: () => subjectClaims(account) }
  }
}
