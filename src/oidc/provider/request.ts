import type { IncomingMessage } from 'node:http'
import type { FastifyRequest } from 'fastify'
import type { KoaContextWithOIDC } from 'oidc-provider'

/** As much of a request as listeners of the library ask for: a fast path has no more. */
export type RequestOfContext = Pick<FastifyRequest, 'raw' | 'id' | 'ip' | 'log'>

const requests = new WeakMap<IncomingMessage, RequestOfContext>()

/** Lets a context of the library be known for the one of this request. @param raw what the library is given, where it is another one */
export const handAlong = (request: RequestOfContext, raw: IncomingMessage = request.raw): void =>
  void requests.set(raw, request)

/** The request that a context of the library is about. */
export const requestOf = (ctx: KoaContextWithOIDC): RequestOfContext | undefined => requests.get(ctx.req)
