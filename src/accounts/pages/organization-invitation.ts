import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { shownAgain } from '../../http/forms/forms.ts'
import type { Form } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { giveBack } from '../../http/rate-limits/rate-limits.ts'
import type { OfferedMembership } from '../../organizations/invitations/invitations.ts'
import { ValidationError } from '../../shared/validation-error.ts'
import { newOwner } from '../passwords/policy.ts'
import type { AccountPagesDependencies } from './dependencies.ts'
import { strengthOf } from './password-strength.ts'
import { startProven } from './proven-sign-in.ts'

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'accounts/organization-invitation': {
      organization: string
      invitedBy: string
      email: string
      /** Who is signed in, and with which address; undefined: nobody. */
      account?: { username: string; email: string | undefined } | undefined
      /** Accepts; undefined: the account that is signed in has not verified the invited address. */
      join?: ButtonForm | undefined
      signInHref: string
      /** For who is signed in with another account. */
      signOut: ButtonForm
      /** For who has no account: the address is fixed. */
      create: Form
      passwordMinLength: number
      strength?: string | undefined
    }
  }
}

const PATH = '/invitation/organization'
const JOINED = '/account/organizations?done=joined'
const text = z.string().max(200).default('').catch('')
const typed = z.object({ token: text })
const newAccount = z.object({ username: z.string().default(''), password: z.string().default('') })

/**
 * `/invitation/organization`: what an invitation to an organization is for. Opening the link uses nothing up. The account that accepts has
 * verified the invited address; who has none creates one of it, whether registration is open or not, since the link proves the address.
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
    { form, status }: { form?: Partial<Form>; status?: number } = {},
  ) {
    const account = await signedIn(request, reply)
    const back = encodeURIComponent(`${PATH}?token=${token}`)
    const data = {
      organization,
      invitedBy,
      email,
      account: account && { username: account.displayUsername, email: account.email ?? undefined },
      join: account?.email === email ? { action: `${PATH}?token=${token}`, fields: { token } } : undefined,
      signInHref: `/login?return_to=${back}`,
      signOut: { action: '/account/sign-out' },
      create: { action: `${PATH}/register?token=${token}`, ...form },
      passwordMinLength: accounts.passwordMinLength(newOwner('user')),
      strength: strengthOf(http, { role: 'user', email }),
    }
    return renderPage(reply, 'accounts/organization-invitation', data, status)
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
    return joined ? reply.redirect(JOINED, 303) : showExpired(reply)
  })

  app.post(`${PATH}/register`, http.limit('register'), async (request, reply) => {
    // In the address, so that a form that could not be taken leads back to the invitation.
    const { token } = typed.parse(request.query)
    const offered = await invitations.peek(token)
    if (!offered) return showExpired(reply)
    if (await signedIn(request, reply)) return show(request, reply, token, offered)
    const { email } = offered
    try {
      const input = { ...newAccount.parse(request.body ?? {}), email }
      const made = await accounts.registerInvited(input, { address: request.ip })
      // Revoked or sent again while the password was hashed: nobody was invited, and the account is none.
      const joined = await invitations.accept(token, { id: made.accountId, email })
      if (!joined) {
        await accounts.delete(made.accountId)
        return showExpired(reply)
      }
      const started = await startProven(deps, request, reply, { ...made, amr: ['pwd'] })
      return reply.redirect(started ? JOINED : '/login', 303)
    } catch (error) {
      if (!(error instanceof ValidationError)) throw error
      const { email: taken, ...errors } = error.sentences
      const form = { errors, values: shownAgain(request.body), ...(taken !== undefined && { alert: taken }) }
      return show(request, reply, token, offered, { form, status: error.status })
    }
  })
}
