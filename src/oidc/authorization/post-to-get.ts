import type { FastifyInstance, FastifyReply, FastifyRequest, RouteShorthandOptions } from 'fastify'
import { partsOf } from '../../http/address.ts'
import { setErrorFormat } from '../../http/errors/format.ts'
import { CSRF_FIELD } from '../../http/forms/csrf.ts'

/** Bytes. What comes by POST must fit into an address, beside the cookies. */
const MAX_BYTES = 8 * 1024

/**
 * POST to the authorization endpoint (OpenID Connect Core §3.1.2.1) and the end-session endpoint (RP-Initiated Logout §2)
 * goes on as a GET with the same parameters. The library takes such a POST only with `SameSite=None` session cookies;
 * a redirect needs no weaker cookie: browsers send Lax ones with the navigation that follows a 303.
 *
 * Parameters of the query come first and repeated ones stay repeated, so that the checks behind see them all.
 */
export async function continueByGet(
  app: FastifyInstance,
  { path, limit }: { path: string; limit: RouteShorthandOptions },
): Promise<void> {
  setErrorFormat(app, 'html')
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string', bodyLimit: MAX_BYTES },
    (_request, body, done) => done(null, body),
  )
  app.removeContentTypeParser('*')
  app.post(path, limit, async (request: FastifyRequest, reply: FastifyReply) => {
    const { query = '' } = partsOf(request.url)
    const body = typeof request.body === 'string' ? request.body : ''
    const parameters = new URLSearchParams([query, body].filter((part) => part !== '').join('&'))
    parameters.delete(CSRF_FIELD)
    const all = parameters.toString()
    return reply.header('cache-control', 'no-store').redirect(all === '' ? path : `${path}?${all}`, 303)
  })
}
