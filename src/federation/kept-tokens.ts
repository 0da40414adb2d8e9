import { AppError } from '../shared/errors.ts'
import type { Secrets } from '../shared/secrets.ts'

const contextOf = (issuer: string, subject: string): string => `upstream tokens of ${subject} at ${issuer}`

/** A provider's tokens at rest: encrypted under SECRET_KEY, and bound to the identity that they are of. */
export const sealTokens = (
  secrets: Pick<Secrets, 'seal'>,
  { issuer, subject }: { issuer: string; subject: string },
  tokens: object,
): string => secrets.seal(JSON.stringify(tokens), contextOf(issuer, subject))

/** Enough to see whether SECRET_KEY was replaced: tokens of earlier sign-ins are the first. */
const SAMPLE = 500

/** @returns what counts, of a sample of the tokens that are kept, those that cannot be read with this SECRET_KEY */
export const countLostTokens =
  (deps: { secrets: Pick<Secrets, 'open'>; some(max: number): Promise<readonly Sealed[]> }) =>
  async (): Promise<number> =>
    (await deps.some(SAMPLE)).filter((each) => isLost(deps.secrets, each)).length

/** Reads what was kept for an account at a provider. */
export function createKeptTokens(deps: {
  secrets: Pick<Secrets, 'open'>
  find(accountId: string, provider: string): Promise<Sealed | undefined>
}) {
  /** Undefined: none were kept. @throws AppError provider_tokens_lost (409): they were sealed under another SECRET_KEY */
  return async (accountId: string, provider: string): Promise<Record<string, unknown> | undefined> => {
    const found = await deps.find(accountId, provider)
    if (!found?.sealedTokens) return undefined
    if (isLost(deps.secrets, found)) {
      const message = `These tokens were sealed under another SECRET_KEY and cannot be read. They are kept anew when the person signs in with ${provider} the next time.`
      throw new AppError('provider_tokens_lost', 409, message)
    }
    return JSON.parse(deps.secrets.open(found.sealedTokens, contextOf(found.issuer, found.subject)))
  }
}

interface Sealed {
  issuer: string
  subject: string
  sealedTokens: string | null
}

/** Whether what was kept of an identity cannot be read any more. */
function isLost(secrets: Pick<Secrets, 'open'>, { issuer, subject, sealedTokens }: Sealed): boolean {
  try {
    if (sealedTokens !== null) secrets.open(sealedTokens, contextOf(issuer, subject))
    return false
  } catch {
    return true
  }
}
