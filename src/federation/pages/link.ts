import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Form, ProviderButton } from '../../http/pages/pages.ts'
import { renderPage } from '../../http/pages/views.ts'
import { countNow, giveBack, nameAccount } from '../../http/rate-limits/rate-limits.ts'
import { AppError } from '../../shared/errors.ts'
import { message, t } from '../../shared/locales/texts.ts'
import type { FederatedAccount, FederationPages } from '../dependencies.ts'
import { answerWith } from '../login/finish.ts'
import { nextUrl } from '../login/intent.ts'
import type { UpstreamLogin } from '../login/upstream-login.ts'
import { openTo } from '../providers/provider.ts'

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
const REFUSED = 'link.refused'

/**
 * `/login/link/:ticket`: the address that a provider vouches for belongs to an account already. It is not joined by that:
 * the person proves the account, by its password or by a sign-in that is linked to it, and then it is.
 */
export async function linkRoutes(app: FastifyInstance, deps: FederationPages): Promise<void> {
  const { pendingLogins, accounts, http, upstreamLogins, providers } = deps
  const limit = http.limit('signIn', null)

  async function find(request: FastifyRequest, pendingId: string) {
    const login = await pendingLogins.find(request, pendingId)
    const owner = login.email?.verified ? await accounts.linked.ownerOf(login.email.address) : undefined
    if (!owner) {
      throw new AppError('ticket_expired', 410, message('link.gone'))
    }
    return { login, owner }
  }

  async function show(
    reply: FastifyReply,
    pendingId: string,
    { login, owner }: { login: UpstreamLogin; owner: FederatedAccount },
    form: Partial<Form> = {},
    status = 200,
  ) {
    const { provider, intent } = login
    const interaction = intent.kind === 'page' ? intent.interaction : undefined
    const [ways, enabled] = await Promise.all([accounts.linked.signInMethods(owner.id), providers.list()])
    const linked = new Set(ways.identities.map((identity) => identity.provider))
    return renderPage(
      reply,
      'federation/link',
      {
        action: `/login/link/${pendingId}`,
        provider: provider.name,
        email: owner.email ?? '',
        password: ways.password,
        providers: openTo(ways, enabled)
          .filter(({ id }) => linked.has(id))
          .map(({ id, name, kind }) => ({
            name,
            icon: kind,
            action: `/login/${id}`,
            fields: { ticket: pendingId, ...(interaction !== undefined && { flow: interaction }) },
          })),
        forgotHref: interaction === undefined ? '/forgot-password' : `/forgot-password?flow=${interaction}`,
        cancelHref: intent.kind === 'page' && interaction !== undefined ? nextUrl(intent) : '/login',
        ...form,
      },
      status,
    )
  }

  app.get<{ Params: { ticket: string } }>('/login/link/:ticket', async (request, reply) => {
    const { ticket: pendingId } = request.params
    return show(reply, pendingId, await find(request, pendingId))
  })

  app.post<{ Params: { ticket: string } }>(
    '/login/link/:ticket',
    { onRequest: limit.onRequest ?? [] },
    async (request, reply) => {
      const { ticket: pendingId } = request.params
      const found = await find(request, pendingId)
      // The pending login names the account, not a field.
      nameAccount(request, found.owner.username)
      await countNow({ preHandler: limit.preHandler ?? [] }, request, reply)
      const { password } = typed.parse(request.body ?? {})
      if (password === '')
        return show(reply, pendingId, found, { errors: { password: t('signIn.password.enter') } }, 422)
      const authorizationRequest = {
        identifier: found.owner.username,
        password,
        proof: true as const,
        address: request.ip,
        devices: http.devices.of(request),
      }
      const outcome = await accounts.authenticate(authorizationRequest)
      if (outcome.kind !== 'ok' || outcome.account.id !== found.owner.id)
        return show(reply, pendingId, found, { alert: t(REFUSED) }, 401)
      await giveBack(request)
      // What lets people in from now on is not added by the password alone.
      if (outcome.account.secondFactors.length > 0) {
        const alert = t('link.secondFactor', { provider: found.login.provider.name })
        return show(reply, pendingId, found, { alert }, 403)
      }
      await pendingLogins.spend(pendingId)
      const { id: accountId, generation } = outcome.account
      return answerWith(
        reply,
        await upstreamLogins.link(request, reply, found.login, { accountId, generation }),
      )
    },
  )
}
