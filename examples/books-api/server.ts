import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import multipart from '@fastify/multipart'
import rateLimit from '@fastify/rate-limit'
import BetterSqlite3 from 'better-sqlite3'
import Fastify, { type FastifyInstance } from 'fastify'
import { type ResourceServerOptions, resourceServer } from 'latchkey/resource-server'
import { createBooks } from './books.ts'
import { createCovers } from './covers.ts'
import { registerProblems } from './problems.ts'
import { reportRoutes } from './reports.ts'
import { bookRoutes } from './routes.ts'
import { limits } from './upload.ts'

export interface BooksApiOptions {
  /** The issuer, this API's identifier, and what else the guard takes. */
  guard: ResourceServerOptions
  /** Where the database and the covers are. */
  dataDir: string
  /** Requests of one subject a minute. Default 300. */
  requestsPerMinute?: number
  /** Log lines on standard output. */
  log?: boolean
}

const HEADERS = {
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'; sandbox",
  'x-content-type-options': 'nosniff',
  'cross-origin-resource-policy': 'same-site',
  'referrer-policy': 'no-referrer',
}
/** Bytes of a JSON body; a form with a cover has limits of its own. */
const JSON_LIMIT = 16_384

/** The API, not listening yet. Closing it closes the database. */
export async function createBooksApi(options: BooksApiOptions): Promise<FastifyInstance> {
  mkdirSync(options.dataDir, { recursive: true })
  const db = new BetterSqlite3(join(options.dataDir, 'books.db'))
  db.pragma('journal_mode = WAL')
  const books = createBooks(db)
  const covers = createCovers(join(options.dataDir, 'covers'))

  const app = Fastify({ bodyLimit: JSON_LIMIT, logger: options.log ?? false })
  app.removeContentTypeParser('text/plain')
  registerProblems(app)
  app.addHook('onRequest', async (_request, reply) => void reply.headers(HEADERS))
  app.addHook('onClose', async () => void db.close())
  // From here on every route needs a token, unless it says that it is public.
  await app.register(resourceServer, options.guard)
  await app.register(rateLimit, {
    max: options.requestsPerMinute ?? 300,
    timeWindow: 60_000,
    // After the guard, so that it counts people and not addresses; public routes have no token to count by.
    keyGenerator: (request) => (request.routeOptions.config.public ? request.ip : request.token.sub),
  })
  await app.register(multipart, { limits, throwFileSizeLimit: true })
  app.get('/health', { config: { public: true } }, () => ({ status: 'ok' }))
  await app.register(bookRoutes, { books, covers })
  await app.register(reportRoutes, { books })
  return app
}
