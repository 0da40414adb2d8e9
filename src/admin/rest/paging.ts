import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Page } from '../../shared/paging.ts'

/** The parameters of every list. */
export const pageQuery = z.strictObject({
  limit: z.coerce
    .number()
    .int('Use a whole number from 1 to 100.')
    .min(1, 'Use a whole number from 1 to 100.')
    .max(100, 'Use a whole number from 1 to 100.')
    .optional()
    .meta({ description: 'How many at most; 50 unless given.' }),
  cursor: z
    .string()
    .max(4000)
    .optional()
    .meta({ description: '`next_cursor` of the page before, with the same other parameters.' }),
})

export const searchQuery = pageQuery.extend({
  search: z.string().max(200, 'Use at most 200 characters.').optional(),
})

/** A page, and in `Link` the address of the next one (RFC 8288). */
export function sendPage<Item, View>(
  request: FastifyRequest,
  reply: FastifyReply,
  issuer: string,
  page: Page<Item>,
  view: (item: Item) => View,
): { items: View[]; next_cursor?: string } {
  const items = page.items.map(view)
  if (page.next_cursor === undefined) return { items }
  const next = new URL(request.url, issuer)
  next.searchParams.set('cursor', page.next_cursor)
  reply.header('link', `<${new URL(issuer).origin}${next.pathname}${next.search}>; rel="next"`)
  return { items, next_cursor: page.next_cursor }
}
