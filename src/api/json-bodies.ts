import type { FastifyInstance } from 'fastify'
import { AppError } from '../shared/errors.ts'

/**
 * Makes a context take JSON and nothing else. `__proto__` and `constructor.prototype` are refused by Fastify's own
 * parser (400), NUL characters here, because PostgreSQL stores none. An empty body is none: DELETE and sign-out may
 * name the type and send nothing.
 */
export function acceptJsonOnly(
  app: FastifyInstance,
  options: {
    types: string[]
    /** The most that a body may be, in bytes. */
    bodyLimit: number
  },
): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>(
    options.types,
    { parseAs: 'string', bodyLimit: options.bodyLimit },
    (request, text, done) => {
      if (text === '') return done(null, undefined)
      return parse(request, text, (error, value) => {
        if (error) done(error)
        else if (/\\u0000/i.test(text) && holdsNul(value)) done(nulError())
        else done(null, value)
      })
    },
  )
}

/** Without recursion: a body may be 8,000 arrays deep. */
function holdsNul(value: unknown): boolean {
  const left: unknown[] = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next === 'string' && next.includes('\0')) return true
    if (typeof next === 'object' && next !== null) left.push(...Object.keys(next), ...Object.values(next))
  }
  return false
}

const nulError = () => new AppError('invalid_request', 400, 'This request holds a NUL character.')
