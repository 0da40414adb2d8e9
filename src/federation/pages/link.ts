import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Form, ProviderButton } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { countNow, giveBack, nameAccount } from '../../http/rate-limits/rate-limits.ts'
import { AppError } from '../../shared/errors.ts'
import type { FederatedAccount } from '../dependencies.ts'
import { answerWith } from '../login/finish.ts'
import { nextUrl } from '../login/intent.ts'
import type { UpstreamLogin } from '../login/pending-logins.ts'
import type { FederationPages } from './dependencies.ts'

/** The address that a provider vouches for is an account's: its owner proves the account. */
export interface LinkPage extends Form {
  provider: string
  email: string
  /** Whether the account has a password. */
  password: boolean
  /** Sign-ins that are linked to the account. */
  providers: ProviderButton[]
  forgotHref: string
  cancelHref: string
}

declare module '../../http/pages/pages.ts' {
  interface Pages {
    'federation/link': LinkPage
  }
}

const typed = z.object({ password: z.string().max(1024).default('') })

/** As on the sign-in page: one text for whatever is wrong (ASVS 6.3.8). */
const REFUSED = 'The password is not right. Check it, or reset it.'

/**
 * `/login/link/:ticket`: the address that a provider vouches for belongs to an account already. It is not joined by that:
 * the person proves the account, by its password or by a sign-in that is linked to it, and then it is.
 */
export async function linkRoutes(app: FastifyInstance, deps: FederationPages): Promise<void> {
  const { tickets, accounts, http, arrivals, providers } = deps
  const limit = http.limit('signIn', null)

  async function find(request: FastifyRequest, ticket: string) {
    const arrival = await tickets.find(request, ticket)
    const owner = arrival.email?.verified ? await accounts.linked.ownerOf(arrival.email.address) : undefined
    if (!owner) {
      throw new AppError(
        'ticket_expired',
        410,
        'The account with this address is gone. Start again on the sign-in page.',
      )
    }
    return { arrival, owner }
  }

  async function show(
    reply: FastifyReply,
    ticket: string,
    { arrival, owner }: { arrival: UpstreamLogin; owner: FederatedAccount },
    form: Partial<Form> = {},
    status = 200,
  ) {
    const { provider, purpose } = arrival
    const flow = purpose.kind === 'page' ? purpose.flow : undefined
    const [ways, enabled] = await Promise.all([accounts.linked.signInMethods(owner.id), providers.list()])
    const linked = new Set(ways.identities.map((identity) => identity.provider))
    return renderPage(
      reply,
      'federation/link',
      {
        action: `/login/link/${ticket}`,
        provider: provider.name,
        email: owner.email ?? '',
        password: ways.password,
        providers: enabled
          .filter(({ id }) => linked.has(id))
          .map(({ id, name, kind }) => ({
            name,
            icon: kind,
            action: `/login/${id}`,
            fields: { ticket, ...(flow !== undefined && { flow }) },
          })),
        forgotHref: flow === undefined ? '/forgot-password' : `/forgot-password?flow=${flow}`,
        cancelHref: purpose.kind === 'page' && flow !== undefined ? nextUrl(purpose) : '/login',
        ...form,
      },
      status,
    )
  }

  app.get<{ Params: { ticket: string } }>('/login/link/:ticket', async (request, reply) => {
    const { ticket } = request.params
    return show(reply, ticket, await find(request, ticket))
  })

  app.post<{ Params: { ticket: string } }>(
    '/login/link/:ticket',
    { onRequest: limit.onRequest ?? [] },
    async (request, reply) => {
      const { ticket } = request.params
      const found = await find(request, ticket)
      // The ticket names the account, not a field.
      nameAccount(request, found.owner.username)
      await countNow({ preHandler: limit.preHandler ?? [] }, request, reply)
      const { password } = typed.parse(request.body ?? {})
      if (password === '')
        return show(reply, ticket, found, { errors: { password: 'Enter your password.' } }, 422)
      const attempt = {
        identifier: found.owner.username,
        password,
        address: request.ip,
        devices: http.devices.of(request),
      }
      const outcome = await accounts.authenticate(attempt)
      if (outcome.kind !== 'ok' || outcome.account.id !== found.owner.id)
        return show(reply, ticket, found, { alert: REFUSED }, 401)
      await giveBack(request)
      await tickets.spend(ticket)
      const { id: accountId, generation } = outcome.account
      return answerWith(reply, await arrivals.link(request, reply, found.arrival, { accountId, generation }))
    },
  )
}
