import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { SealedCookies } from '../../http/cookies/sealed-cookie.ts'

/** Seconds: as long as an interaction. */
const TTL = 3600
const PURPOSE = 'sign-in name'

const schema = z.object({ name: z.string().min(1).max(320) })

/** Which fields the form of a sign-in has. */
export type AskedFor = 'both' | 'identifier' | 'password'

/**
 * The name that a person has given on the first page of a sign-in, for its second page: in the query (`who`), so that Back, a reload and a
 * second tab each have their own; sealed, so that neither logs nor the history of a browser hold it, and no link puts words on the page.
 */
export interface KnownName {
  /** @param path of a page of ours @returns the same, for a person of this name; an empty one asks for the name */
  on(path: string, name: string): string
  /** The name of the query. Undefined: none; empty: the page is to ask for it. */
  of(request: FastifyRequest): string | undefined
}

export function createKnownName(sealed: SealedCookies): KnownName {
  return {
    on(path, name) {
      const who = name === '' ? '' : sealed.seal(PURPOSE, { name }, TTL)
      return `${path}${path.includes('?') ? '&' : '?'}who=${who}`
    },
    of(request) {
      const { who } = request.query as { who?: unknown }
      if (typeof who !== 'string') return undefined
      return sealed.open(PURPOSE, who, schema)?.name ?? ''
    },
  }
}
