import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { renderPage } from '../../http/pages/views.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import type { OfferedMembership } from '../../organizations/invitations/invitations.ts'
import type { AccountPagesDependencies } from './dependencies.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/organization-invitation': {
      organization: string
      invitedBy: string
      email: string
      /** Who is signed in, and with which address; undefined: nobody. */
      account?: { username: string; email: string | undefined } | undefined
      /** Accepts; undefined: the account that is signed in has not confirmed the invited address. */
      join?: ButtonForm | undefined
      signInHref: string
      /** For who is signed in with another account. */
      signOut: ButtonForm
      /** Undefined: nobody creates an account. */
      registerHref?: string | undefined
    }
  }
}

const PATH = '/invitation/organization'
const text = z.string().max(200).default('').catch('')
const typed = z.object({ token: text })

/**
 * `/invitation/organization`: what an invitation to an organization is for. Opening the link uses nothing up. The account that accepts has
 * confirmed the invited address; who has none signs up with it first, and opens the link again.
 */
export async function organizationInvitationRoutes(
  app: FastifyInstance,
  deps: AccountPagesDependencies,
): Promise<void> {
  const { http, accounts, sessions, organizations } = deps
  const { invitations } = organizations
  const showExpired = (reply: FastifyReply) => renderPage(reply, 'accounts/invitation-expired', {}, 410)

  async function signedIn(request: FastifyRequest, reply: FastifyReply) {
    const session = await sessions.current(request, reply)
    return session && accounts.byId(session.accountId)
  }

  async function show(
    request: FastifyRequest,
    reply: FastifyReply,
    token: string,
    { organization, invitedBy, email }: OfferedMembership,
  ) {
    const account = await signedIn(request, reply)
    const back = encodeURIComponent(`${PATH}?token=${token}`)
    return renderPage(reply, 'accounts/organization-invitation', {
      organization,
      invitedBy,
      email,
      account: account && { username: account.displayUsername, email: account.email ?? undefined },
      join: account?.email === email ? { action: `${PATH}?token=${token}`, fields: { token } } : undefined,
      signInHref: `/login?return_to=${back}`,
      signOut: { action: '/account/sign-out' },
      registerHref: deps.registration === 'open' ? '/register' : undefined,
    })
  }

  app.get<{ Querystring: { token?: unknown } }>(PATH, http.limit('oneTimeToken'), async (request, reply) => {
    const { token } = typed.parse(request.query)
    const offered = await invitations.peek(token)
    if (!offered) return showExpired(reply)
    await giveBack(request)
    return show(request, reply, token, offered)
  })

  app.post(PATH, http.limit('oneTimeToken'), async (request, reply) => {
    const { token } = typed.parse(request.body ?? {})
    const offered = await invitations.peek(token)
    if (!offered) return showExpired(reply)
    await giveBack(request)
    const account = await signedIn(request, reply)
    // Signed out, or signed in as another person, since the page was opened: it says what there is to do.
    if (account?.email !== offered.email) return show(request, reply, token, offered)
    const joined = await invitations.accept(token, { id: account.id, email: account.email })
    return joined ? reply.redirect('/account/organizations?done=joined', 303) : showExpired(reply)
  })
}
