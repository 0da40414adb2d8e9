import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { NO_ADMINISTRATOR } from '../../shared/no-administrator.ts'
import { renderPage } from './views.ts'

declare module './pages.ts' {
  interface Pages {
    'http/home': {
      signedInAs?: string | undefined
      registerHref?: string | undefined
      /** For those who may see it. */
      consoleHref?: string | undefined
      /** What the server said where it was started, with the link for its first administrator; undefined: there is one. */
      saidAtStart?: string | undefined
    }
  }
}

/** `GET /`: who is signed in, and where to go from here. */
export function homeRoute(
  app: FastifyInstance,
  deps: {
    /** Undefined: nobody is signed in. */
    accountOf(
      request: FastifyRequest,
      reply: FastifyReply,
    ): Promise<{ displayUsername: string; role: string } | undefined>
    registration(): 'open' | 'closed'
    hasAdministrator(): Promise<boolean>
  },
): void {
  app.get('/', async (request, reply) => {
    const account = await deps.accountOf(request, reply)
    return renderPage(reply, 'http/home', {
      signedInAs: account?.displayUsername,
      consoleHref: account === undefined || account.role === 'user' ? undefined : '/admin',
      saidAtStart: (await deps.hasAdministrator()) ? undefined : NO_ADMINISTRATOR,
      registerHref: deps.registration() === 'open' ? '/register' : undefined,
    })
  })
}
