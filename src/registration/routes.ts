import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { setErrorFormat } from '../http/errors/format.ts'
import { errorsByField } from '../http/errors/problem.ts'
import { programHeaders } from '../http/headers.ts'
import type { Http } from '../http/http.ts'
import { countNow } from '../http/rate-limits/rate-limits.ts'
import { AppError } from '../shared/errors.ts'
import type { Metadata } from './policy.ts'
import { refusedMetadata } from './problems.ts'
import type { Registration } from './registration.ts'

/** Where clients register. Clients find it by discovery. */
export const REGISTRATION_PATH = '/clients/register'

/** The most that is read of a registration, in bytes. */
const MAX_BODY = 56 * 1024

type One = { Params: { id: string } }

/** The client registration endpoint (RFC 7591 §3) and the client configuration endpoints (RFC 7592 §2). */
export async function registrationRoutes(
  app: FastifyInstance,
  deps: { registration: Registration; issuer: URL; limit: Http['limit'] },
): Promise<void> {
  const { registration, limit } = deps
  const answering =
    <Request extends FastifyRequest>(work: (request: Request, reply: FastifyReply) => Promise<unknown>) =>
    async (request: FastifyRequest, reply: FastifyReply) => {
      reply.header('cache-control', 'no-store').header('pragma', 'no-cache')
      try {
        return await work(request as Request, reply)
      } catch (error) {
        return refuse(error, request, reply, deps.issuer)
      }
    }

  setErrorFormat(app, 'oauth')
  app.removeContentTypeParser('text/plain')
  // Switched off, there is nothing here.
  app.addHook('onRequest', async (_request, reply) => {
    if (registration.mode !== 'off') return undefined
    reply.callNotFound()
    return reply
  })
  allowPages(app, () => registration.mode === 'open')
  const options = {
    ...programHeaders(app, { secure: deps.issuer.protocol === 'https:' }),
    ...limit('clientRegistration'),
    bodyLimit: MAX_BODY,
  }

  app.post(
    REGISTRATION_PATH,
    options,
    answering(async (request, reply) => {
      const bearer = bearerOf(request)
      if (bearer === undefined && registration.mode === 'open')
        await countNow(limit('openRegistration'), request, reply)
      return reply.code(201).send(await registration.register(bodyOf(request), bearer))
    }),
  )
  app.get(
    `${REGISTRATION_PATH}/:id`,
    options,
    answering<FastifyRequest<One>>((request) => registration.read(request.params.id, bearerOf(request))),
  )
  app.put(
    `${REGISTRATION_PATH}/:id`,
    options,
    answering<FastifyRequest<One>>((request) =>
      registration.update(request.params.id, bearerOf(request), bodyOf(request)),
    ),
  )
  app.delete(
    `${REGISTRATION_PATH}/:id`,
    options,
    answering<FastifyRequest<One>>(async (request, reply) => {
      await registration.remove(request.params.id, bearerOf(request))
      return reply.code(204).send()
    }),
  )
}

/**
 * Where anybody may register, so may the page of anybody, and look after what it registered: with the token that it sends itself,
 * never with cookies, which these endpoints do not read. Where a token is needed first, there is nothing for pages here.
 */
function allowPages(app: FastifyInstance, allowed: () => boolean): void {
  app.addHook('onRequest', async (request, reply) => {
    if (!allowed()) {
      if (request.method !== 'OPTIONS') return undefined
      reply.callNotFound()
      return reply
    }
    reply.header('access-control-allow-origin', '*')
    reply.header('access-control-expose-headers', 'www-authenticate, retry-after, x-request-id')
    return undefined
  })
  const preflight = (methods: string) => (_request: FastifyRequest, reply: FastifyReply) =>
    reply
      .header('access-control-allow-methods', methods)
      .header('access-control-allow-headers', 'authorization, content-type')
      .header('access-control-max-age', '3600')
      .code(204)
      .send()
  app.options(REGISTRATION_PATH, preflight('POST'))
  app.options(`${REGISTRATION_PATH}/:id`, preflight('GET, PUT, DELETE'))
}

/** RFC 6750 §2.1: in the header, and nowhere else. */
const bearerOf = ({ headers }: Pick<FastifyRequest, 'headers'>): string | undefined =>
  /^Bearer +([\w.~+/-]{1,500}=*)$/i.exec(headers.authorization ?? '')?.[1]

function bodyOf({ body }: FastifyRequest): Metadata {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Metadata
  throw refusedMetadata([{ field: 'body', message: 'must be a JSON object of client metadata' }])
}

/** The errors of RFC 7591 §3.2.2 and RFC 6750 §3; all others are answered as everywhere. */
function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, issuer: URL) {
  if (!(error instanceof AppError)) throw error
  const fields = errorsByField(error)
  if (fields === undefined && ![400, 401, 403].includes(error.status)) throw error
  request.log.info({ error_code: error.code, reason: error.publicMessage }, 'client registration refused')
  if (fields !== undefined) {
    const code = 'redirect_uris' in fields ? 'invalid_redirect_uri' : 'invalid_client_metadata'
    return reply.code(400).send({ error: code, error_description: plain(error.publicMessage) })
  }
  if (error.status === 401) {
    const sent = error.code === 'invalid_token' ? ', error="invalid_token"' : ''
    reply.header('www-authenticate', `Bearer realm="${issuer.origin}"${sent}`)
  }
  const code =
    error.status === 401 ? 'invalid_token' : error.status === 403 ? 'access_denied' : 'invalid_request'
  return reply.code(error.status).send({ error: code, error_description: plain(error.publicMessage) })
}

/** RFC 7591 §3.2.2: a description is in ASCII. */
const plain = (text: string): string =>
  text
    .replaceAll(/[“”"]/g, "'")
    .replaceAll('’', "'")
    .replaceAll('…', '...')
    .replaceAll('\n', '; ')
    .replaceAll('\\', '/')
    .replaceAll(/[^\x20-\x7e]/g, '?')
    .slice(0, 2000)
