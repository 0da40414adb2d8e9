import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Account } from '../../../accounts/account.ts'
import type { Impersonations } from '../../../accounts/impersonations/impersonations.ts'
import { shownAgain } from '../../../http/forms/forms.ts'
import type { Http } from '../../../http/http.ts'
import type { Form } from '../../../http/pages/pages.ts'
import { AppError } from '../../../shared/errors.ts'
import { isFresh } from '../../../shared/fresh-sign-in.ts'
import { message } from '../../../shared/locales/texts.ts'
import { administratorOf, type ConsoleDependencies } from '../context.ts'
import { asFormErrors } from '../form-errors.ts'
import { type ConsoleFrame, renderConsole } from '../frame.ts'

declare module '../../../http/pages/pages.ts' {
  interface Pages {
    'admin/users-impersonate': {
      frame: ConsoleFrame
      person: string
      back: string
      /** Why it cannot be done now; undefined: it can. */
      problem?: string | undefined
      form: Form
    }
  }
}

export interface UserImpersonationDependencies {
  impersonations: Pick<Impersonations, 'begin' | 'problemOf'>
  support: Pick<Http['support'], 'keep'>
}

type ById = { Params: { id: string } }
const form = z.object({ reason: z.string().max(2000).default('') })

/** `/admin/users/:id/impersonate`: the page that asks for the reason, and the start. */
export function userImpersonationRoutes(
  app: FastifyInstance,
  deps: ConsoleDependencies & UserImpersonationDependencies,
  find: (id: string) => Promise<Account>,
): void {
  const show = async (
    request: FastifyRequest,
    reply: FastifyReply,
    user: Account,
    also: Partial<Form> = {},
    status = 200,
  ) =>
    renderConsole(
      request,
      reply,
      'users',
      'admin/users-impersonate',
      {
        person: user.displayUsername,
        back: `/admin/users/${user.id}`,
        problem: (await deps.impersonations.problemOf(user))?.toString(),
        form: { action: `/admin/users/${user.id}/impersonate`, ...also },
      },
      { status },
    )

  app.get<ById>(
    '/admin/users/:id/impersonate',
    { config: { admin: 'user.impersonate' } },
    async (request, reply) => show(request, reply, await find(request.params.id)),
  )

  app.post<ById>(
    '/admin/users/:id/impersonate',
    { config: { admin: 'user.impersonate', formPage: '/admin/users/:id/impersonate' } },
    async (request, reply) => {
      const user = await find(request.params.id)
      const { reason } = form.parse(request.body ?? {})
      const own = await deps.sessions.current(request, reply)
      try {
        // Not a sign-in alone, nor a remembered browser: a second factor, shown lately.
        if (own === undefined || !isFresh(deps.clock, own.verifiedAt ?? 0))
          throw new AppError('second_factor_required', 403, message('admin.users.impersonate.stale'))
        const { account, impersonation } = await deps.impersonations.begin(
          user.id,
          administratorOf(request),
          reason,
        )
        const kept = await deps.sessions.impersonate(request, reply, {
          accountId: account.id,
          generation: account.generation,
          impersonation,
          by: own,
        })
        const { id: accountId, displayUsername: person } = account
        deps.support.keep(reply, { own: kept, person, accountId, until: impersonation.until })
        return reply.redirect('/account', 303)
      } catch (error) {
        if (error instanceof AppError && error.status >= 500) throw error
        const status = error instanceof AppError ? error.status : 422
        const also = { ...asFormErrors(error, { reason: 'Reason' }), values: shownAgain(request.body) }
        return show(request, reply, user, also, status)
      }
    },
  )
}
