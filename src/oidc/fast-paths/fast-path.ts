import type { FastifyReply, FastifyRequest } from 'fastify'

/**
 * Answers the plain case of an endpoint without the protocol library, byte for byte as the library would. Undefined: the request
 * is none of the plain case, or will be answered by an error; the library gets it untouched, and nothing was set on the reply.
 * docs/decisions/0034-fast-paths.md
 *
 * What it returns is the body (null: none), never the reply: a reply is thenable, and waiting for it waits for the end of the response.
 */
export type FastPath = (request: FastifyRequest, reply: FastifyReply) => Promise<Body | undefined>

type Body = Buffer | string | null
