import { grantTtl, ID_TOKEN_TTL, type Lifetimes } from '../provider/lifetimes.ts'

/** How long keys are published and kept, in milliseconds. */
export interface KeyLifetimes {
  /** From when a key is published until it signs: longer than JWKS are commonly cached. */
  readonly publishLead: number
  /** How long a superseded key stays published at least: the longest life of what it signs by default. */
  readonly overlap: number
  /** The longest lifetime of access tokens that an API has chosen; 0: none has. */
  longestTokenLife(): Promise<number>
  /** How long what it signed is accepted here from then on: the longest life of a session. */
  readonly retention: number
}

/** @param deps.longestTtl the longest lifetime of access tokens that an API is registered with, in seconds */
export const keyLifetimes = (
  lifetimes: Lifetimes,
  deps: { longestTtl(): Promise<number> },
): KeyLifetimes => ({
  publishLead: 3_600_000,
  get overlap() {
    return Math.max(lifetimes.accessTokenTtl, ID_TOKEN_TTL) * 1000
  },
  longestTokenLife: async () => (await deps.longestTtl()) * 1000,
  get retention() {
    return grantTtl(lifetimes) * 1000
  },
})
