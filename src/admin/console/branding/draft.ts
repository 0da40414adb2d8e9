import { z } from 'zod'
import type { BrandOwner } from '../../../branding/document.ts'
import type { Brand } from '../../../branding/fields.ts'
import type { SealedCookies } from '../../../http/cookies/sealed-cookie.ts'

/** Seconds that a draft can be published. */
const TTL = 24 * 60 * 60

const schema = z.object({
  owner: z.union([
    z.object({ kind: z.literal('server') }),
    z.object({ kind: z.enum(['client', 'organization']), id: z.string() }),
  ]),
  brand: z.record(z.string(), z.union([z.string(), z.number()]).nullable()),
  /** The state that it was made of. */
  version: z.string(),
})

/** A brand before it is published: it travels with the pages that show it, and nobody else can make one. */
export interface Draft {
  owner: BrandOwner
  brand: Brand
  version: string
}

/** @returns drafts of one administrator @param accountId of the administrator */
export function draftsOf(sealed: SealedCookies, accountId: string) {
  const purpose = `branding draft ${accountId}`
  return {
    seal: (draft: Draft): string => sealed.seal(purpose, draft, TTL),
    /** Undefined: it is too old, or another administrator's. */
    open: (text: unknown): Draft | undefined =>
      typeof text === 'string' ? (sealed.open(purpose, text, schema) as Draft | undefined) : undefined,
  }
}
