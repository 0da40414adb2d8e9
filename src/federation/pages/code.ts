import type { FastifyInstance } from 'fastify'
import { renderPage } from '../../http/pages/views.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import type { FederationPages } from '../dependencies.ts'
import { CODE_TTL } from '../login/codes.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'federation/code': { code: string; minutes: number }
  }
}

/** `/login/code`: the one-time code for a program without a browser, to be copied into it. */
export async function codeRoutes(app: FastifyInstance, deps: FederationPages): Promise<void> {
  app.get('/login/code', (request, reply) => {
    const code = deps.finish.codeOf(request)
    if (code === undefined) throw new AppError('code_expired', 410, message('pasteCode.expired'))
    return renderPage(reply, 'federation/code', { code, minutes: CODE_TTL / 60 })
  })
}
