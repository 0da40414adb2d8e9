import type { FastifyInstance } from 'fastify'
import { scimError } from './errors.ts'

/** A group with three thousand members is the largest honest body. Bytes. */
const BODY_LIMIT = 256 * 1024
/** The deepest honest body is a PATCH: operations, an operation, its value, an address. */
const MAX_DEPTH = 12

/** Takes JSON as `application/scim+json` (RFC 7644 §3.1) and as `application/json`: small, shallow, and without `__proto__`. */
export function acceptScim(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser<string>(
    ['application/scim+json', 'application/json'],
    { parseAs: 'string', bodyLimit: BODY_LIMIT },
    (request, text, done) => {
      if (text === '') return done(null, undefined)
      if (isDeep(text)) return done(scimError(400, 'This request is nested too deeply.', 'invalidSyntax'))
      // PostgreSQL stores none.
      if (/\\u0000/i.test(text))
        return done(scimError(400, 'This request holds a NUL character.', 'invalidValue'))
      return parse(request, text, done)
    },
  )
}

/** Before it is parsed, and without recursion. */
function isDeep(text: string): boolean {
  let depth = 0
  let quoted = false
  for (let at = 0; at < text.length; at++) {
    const letter = text[at]
    if (quoted) {
      if (letter === '\\') at++
      else if (letter === '"') quoted = false
    } else if (letter === '"') quoted = true
    else if (letter === '{' || letter === '[') {
      if (++depth > MAX_DEPTH) return true
    } else if (letter === '}' || letter === ']') depth--
  }
  return false
}
