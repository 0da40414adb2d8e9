import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { renderPage } from '../../http/pages/views.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { minuteOf } from '../../shared/moment.ts'
import type { Disownable } from '../new-devices/new-devices.ts'
import type { AccountPagesDependencies } from './dependencies.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/not-me': Form & Omit<Disownable, 'at'> & { at: string }
    /** What became of it. `gone`: the link works no more. */
    'accounts/not-me-over': { outcome: 'sent' | 'no_password' | 'gone' }
  }
}

const PATH = '/login/not-me'
const link = z.object({ token: z.string().max(200).catch('') })

/**
 * “Not you?” in the mail about a new device. No sign-in is needed: who reads the mail is the owner.
 *
 *   GET  /login/not-me?token=   what was done, and one button
 *   POST /login/not-me?token=   ► ends every sign-in, and sends a link that sets a new password (303)
 */
export async function notMeRoutes(
  app: FastifyInstance,
  { http, accounts }: Pick<AccountPagesDependencies, 'http' | 'accounts'>,
): Promise<void> {
  const tokenOf = (request: FastifyRequest): string => link.parse(request.query).token
  const over = (reply: FastifyReply, outcome: 'sent' | 'no_password' | 'gone') =>
    renderPage(reply, 'accounts/not-me-over', { outcome }, outcome === 'gone' ? 410 : 200)

  app.get(PATH, http.limit('oneTimeToken'), async (request, reply) => {
    const token = tokenOf(request)
    const found = await accounts.newDevices.peek(token)
    if (!found) return over(reply, 'gone')
    await giveBack(request)
    return renderPage(reply, 'accounts/not-me', {
      action: `${PATH}?token=${encodeURIComponent(token)}`,
      ...found,
      at: minuteOf(found.at),
    })
  })

  app.post(PATH, http.limit('oneTimeToken'), async (request, reply) => {
    const done = await accounts.newDevices.disown(tokenOf(request))
    if (done) await giveBack(request)
    return reply.redirect(`${PATH}/${done ?? 'gone'}`, 303)
  })

  for (const outcome of ['sent', 'no_password', 'gone'] as const)
    app.get(`${PATH}/${outcome}`, (_request, reply) => over(reply, outcome))
}
