import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../http/forms/forms.ts'
import type { Form } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { AppError } from '../../shared/errors.ts'
import { message } from '../../shared/locales/texts.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { newOwner } from '../passwords/policy.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import { strengthOf } from './password-strength.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/setup': Form & { token: string; passwordMinLength: number; strength?: string | undefined }
  }
}

const text = z.string().max(1024).default('')
const typed = z.object({ token: text, username: text, email: text, password: text })

const closed = () => new AppError('setup_closed', 410, message('setup.closed'))

/** `/setup`: the first administrator, by the one-time link that the server prints when there is none. */
export async function setupRoutes(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  const { http, accounts, sessions } = deps

  const show = (reply: FastifyReply, token: string, form: Partial<Form> = {}, status = 200) =>
    renderPage(
      reply,
      'accounts/setup',
      {
        action: `/setup?token=${encodeURIComponent(token)}`,
        token,
        passwordMinLength: deps.accounts.passwordMinLength(newOwner('admin')),
        strength: strengthOf(http, { role: 'admin' }),
        ...form,
      },
      status,
    )

  app.get<{ Querystring: { token?: unknown } }>(
    '/setup',
    http.limit('oneTimeToken'),
    async (request, reply) => {
      const token = z.string().max(200).safeParse(request.query.token).data ?? ''
      if (!(await accounts.setup.isOpen(token))) throw closed()
      await giveBack(request)
      return show(reply, token)
    },
  )

  app.post('/setup', http.limit('oneTimeToken'), async (request, reply) => {
    const { token, ...fields } = typed.parse(request.body ?? {})
    try {
      const created = await accounts.setup.createFirstAdministrator(token, fields)
      if (!created) throw closed()
      await giveBack(request)
      await sessions.start(request, reply, { ...created, amr: ['pwd'], quiet: true })
      return reply.redirect('/admin/setup', 303)
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      return show(reply, token, { errors: error.sentences, values: shownAgain(request.body) }, 422)
    }
  })
}
