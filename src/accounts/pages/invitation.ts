import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Form, ProviderButton } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import type { Invitation } from '../sign-up/invitations.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import { strengthOf } from './password-strength.ts'

export interface InvitationPage extends Form {
  token: string
  /** The host of this server, which the page says where no brand has a name. */
  service: string
  invitedBy: string
  username: string
  email: string
  /** What the role of administration is called; undefined: an ordinary account. */
  role?: string | undefined
  passwordMinLength: number
  /** As of `strengthOf`; undefined: no meter. */
  strength?: string | undefined
  providers: ProviderButton[]
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/invitation': InvitationPage
    'accounts/invitation-expired': Record<string, never>
  }
}

const text = z.string().max(1024).default('')
const typed = z.object({ token: text, password: text })

/**
 * `/invitation`: what a person was invited to, and the ways to accept. Opening the link uses nothing up (mail scanners
 * open links). The browser is signed in afterwards.
 */
export async function invitationRoutes(app: FastifyInstance, deps: AccountPagesDependencies): Promise<void> {
  const { http, accounts, browser, sessions } = deps

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    token: string,
    { account, email, invitedBy, role }: Invitation & Pick<InvitationPage, 'role'>,
    form: Partial<Form> = {},
  ) {
    const alert = await deps.upstream.problem(request.query)
    return renderPage(
      reply,
      'accounts/invitation',
      {
        // With the token, so that a form that could not be taken leads back to itself, whatever cookies are gone.
        action: `/invitation?token=${encodeURIComponent(token)}`,
        token,
        service: deps.issuer.host,
        invitedBy,
        username: account.displayUsername,
        email,
        role,
        passwordMinLength: deps.accounts.passwordMinLength(account),
        strength: strengthOf(http, { accountId: account.id, email }),
        providers: await deps.upstream.buttons({ invitation: token }),
        alert,
        ...form,
      },
      form.errors ? 422 : 200,
    )
  }
  const showExpired = (reply: FastifyReply) => renderPage(reply, 'accounts/invitation-expired', {}, 410)

  app.get<{ Querystring: { token?: unknown } }>(
    '/invitation',
    http.limit('oneTimeToken'),
    async (request, reply) => {
      // A browser that comes back from a provider has no token in the address.
      const given = z.string().max(200).safeParse(request.query.token).data
      const token = given ?? browser.invitation(request) ?? ''
      const invitation = await accounts.invitations.peek(token)
      if (!invitation) return showExpired(reply)
      await giveBack(request)
      browser.rememberInvitation(reply, token)
      return show(request, reply, token, invitation)
    },
  )

  app.post('/invitation', http.limit('oneTimeToken'), async (request, reply) => {
    const { token, password } = typed.parse(request.body ?? {})
    try {
      const done = await accounts.invitations.accept(token, password)
      if (!done) return showExpired(reply)
      await giveBack(request)
      await sessions.start(request, reply, { ...done, amr: ['pwd'], quiet: true })
      browser.rememberInvitation(reply, undefined)
      return reply.redirect('/account?done=invited', 303)
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      const invitation = await accounts.invitations.peek(token)
      if (!invitation) return showExpired(reply)
      return show(request, reply, token, invitation, { errors: error.sentences })
    }
  })
}
