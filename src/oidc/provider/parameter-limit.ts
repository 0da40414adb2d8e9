import type { IncomingMessage } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { AppError } from '../../shared/errors.ts'

/** What `querystring` of Node reads. What comes after it would be neither read nor noticed as a parameter that is there twice. */
const MOST_PARAMETERS = 1000

const AMPERSAND = 0x26

/** Whether a query or a form has more parameters than are read. */
export function hasTooManyParameters(text: string): boolean {
  let count = 1
  for (let at = text.indexOf('&'); at !== -1; at = text.indexOf('&', at + 1))
    if (++count > MOST_PARAMETERS) return true
  return false
}

const refused = () => new AppError('invalid_request', 400, 'This request has too many parameters.')

/** Queries that the library would read in part are refused: a parameter that is there twice is always noticed (RFC 6749 §3.1). */
export function refuseLongQueries(scope: FastifyInstance): void {
  scope.addHook('onRequest', (request, _reply, done) => {
    const url = request.raw.url ?? ''
    const query = url.indexOf('?')
    if (query !== -1 && hasTooManyParameters(url.slice(query + 1))) done(refused())
    else done()
  })
}

type Chunks = AsyncIterable<Buffer>

/** The same for a form, while the library reads it, which it does by `iterator`: that refuses it as `invalid_request`. */
export function refuseLongForm(request: IncomingMessage): void {
  if (!request.headers['content-type']?.toLowerCase().startsWith('application/x-www-form-urlencoded')) return
  const given = request.iterator as (options?: object) => Chunks
  Object.defineProperty(request, 'iterator', {
    configurable: true,
    writable: true,
    async *value(options?: object) {
      let count = 1
      for await (const chunk of given.call(request, options)) {
        for (let at = chunk.indexOf(AMPERSAND); at !== -1; at = chunk.indexOf(AMPERSAND, at + 1)) count++
        if (count > MOST_PARAMETERS) throw refused()
        yield chunk
      }
    },
  })
}
