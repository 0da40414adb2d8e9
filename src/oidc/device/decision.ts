import type { AdapterPayload, Provider } from 'oidc-provider'
import { z } from 'zod'
import type { SealedCookies } from '../../http/cookies/sealed-cookie.ts'

/** The decision in a stored code, beside the fields of the library. */
export interface StoredDecision {
  /** The account that decided. */
  by: string
  /** Seconds since the epoch. */
  at: number
}

const decisionSchema = z.object({
  /** The name of the client. */
  app: z.string(),
  outcome: z.enum(['approved', 'denied']),
  /** Seconds since the epoch. */
  at: z.number(),
})
/** A decision, as it is shown to the person who made it. */
export type DeviceDecision = z.infer<typeof decisionSchema>

/** The decision on a code, for the person who made it. Undefined: there is none, or another account made it. */
export async function decisionOf(
  provider: Provider,
  code: AdapterPayload | undefined,
  accountId: string | undefined,
): Promise<DeviceDecision | undefined> {
  const decided = code?.decided as StoredDecision | undefined
  if (code === undefined || decided === undefined || decided.by !== accountId) return undefined
  const client = await provider.Client.find(String(code.clientId))
  const app = client?.clientName ?? String(code.clientId)
  return { app, outcome: code.error === undefined ? 'approved' : 'denied', at: decided.at }
}

const PURPOSE = 'device decision'
/** Seconds: as long as it takes from one page to the next, and to reload that. */
const CARRIED = 3600
const carriedSchema = decisionSchema.extend({ by: z.string() })

/** A decision sealed for the URL of a page, to be opened for the account that made it alone. */
export const sealDecision = (sealed: SealedCookies, decision: DeviceDecision, by: string): string =>
  sealed.seal(PURPOSE, { ...decision, by } satisfies z.infer<typeof carriedSchema>, CARRIED)

export function openDecision(
  sealed: SealedCookies,
  value: unknown,
  accountId: string | undefined,
): DeviceDecision | undefined {
  const carried = typeof value === 'string' ? sealed.open(PURPOSE, value, carriedSchema) : undefined
  return carried !== undefined && carried.by === accountId ? carried : undefined
}
