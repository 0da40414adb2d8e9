import type { Secrets } from '../secrets.ts'

const contextOf = (issuer: string, subject: string): string => `upstream tokens of ${subject} at ${issuer}`

/** A provider's tokens at rest: encrypted under SECRET_KEY, and bound to the identity that they are of. */
export const sealTokens = (
  secrets: Pick<Secrets, 'seal'>,
  { issuer, subject }: { issuer: string; subject: string },
  tokens: object,
): string => secrets.seal(JSON.stringify(tokens), contextOf(issuer, subject))

/** Reads what was kept for an account at a provider. */
export function createKeptTokens(deps: {
  secrets: Pick<Secrets, 'open'>
  find(
    accountId: string,
    provider: string,
  ): Promise<{ issuer: string; subject: string; sealedTokens: string | null } | undefined>
}) {
  /** Undefined: none were kept. @throws AppError secret_key_mismatch */
  return async (accountId: string, provider: string): Promise<Record<string, unknown> | undefined> => {
    const found = await deps.find(accountId, provider)
    if (!found?.sealedTokens) return undefined
    return JSON.parse(deps.secrets.open(found.sealedTokens, contextOf(found.issuer, found.subject)))
  }
}
