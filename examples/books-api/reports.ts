import type { FastifyInstance } from 'fastify'
import type { Books } from './books.ts'
import { Problem } from './problems.ts'

/** For machines: how many books there are, by owner, without a title. */
export async function reportRoutes(app: FastifyInstance, { books }: { books: Books }) {
  app.get('/reports/counts', { config: { scope: 'books:report' } }, (request) => {
    // The scope alone is not enough: a person could have been asked for it, and it is about everybody.
    if (!request.token.isMachine)
      throw new Problem(403, 'machines_only', 'This report is for programs that act for themselves.')
    const counts = books.counts()
    return { owners: counts, total: counts.reduce((sum, { books }) => sum + books, 0) }
  })
}
