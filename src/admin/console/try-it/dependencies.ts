import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Consents } from '../../../oidc/consent/consents.ts'

/** A request to our own endpoints, made inside the process. */
export interface InnerRequest {
  method: 'GET' | 'POST'
  /** With its query. */
  path: string
  headers: Record<string, string>
  body?: string | undefined
}

export interface InnerResponse {
  status: number
  /** In lower case. */
  headers: Record<string, string | string[] | undefined>
  body: string
}

/** What trying a client out needs beside the client. */
export interface TryDependencies {
  tryOut: {
    call(request: InnerRequest, from: FastifyRequest): Promise<InnerResponse>
    /**
     * A sign-in session of the administrator's own, with the age and means of the one they use the console with. `end`
     * ends everything that was issued in it.
     */
    openSession(
      request: FastifyRequest,
      reply: FastifyReply,
    ): Promise<{ cookie: string; end(): Promise<void> }>
    /** What the administrator has allowed the client is afterwards what it was before. */
    consents: Pick<Consents, 'find' | 'restore'>
  }
}

/** How a client shows who it is at the token endpoint, as far as we can do it for it. */
export type ClientProof =
  | { way: 'none' }
  | { way: 'basic' | 'post'; secret: string }
  /** Only the client has its key. */
  | { way: 'impossible' }
