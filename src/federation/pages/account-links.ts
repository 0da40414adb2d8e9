import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { isFresh } from '../../shared/fresh-sign-in.ts'
import { t } from '../../shared/locales/texts.ts'
import type { FederationPages } from '../dependencies.ts'
import { openTo } from '../providers/provider.ts'

/** Where linked sign-ins are shown. */
const PAGE = '/account/security'

const removal = z.object({ id: z.string().max(100) })

/** Linked sign-ins of an account: adding one, and taking one away. */
export async function accountLinkRoutes(app: FastifyInstance, deps: FederationPages): Promise<void> {
  const { sessions, accounts, providers, flow, http, firstPartyTokens } = deps

  /** Who asks, if they signed in lately; else the sign-in page is answered. */
  async function lately(request: FastifyRequest, reply: FastifyReply, words: string) {
    const session = await sessions.current(request, reply)
    if (session && isFresh(deps.clock, session.freshAt)) return session
    const login = session ? await http.interrupted.ask(request, session, words) : `/login?return_to=${PAGE}`
    reply.redirect(login, 303)
    return undefined
  }

  app.post(
    '/account/unlink',
    { ...http.limit('account'), config: { formPage: PAGE } },
    async (request, reply) => {
      const session = await lately(request, reply, t('act.unlink'))
      if (!session) return reply
      const { id } = removal.parse(request.body ?? {})
      const { accountId, uid } = session
      const [ways, enabled] = await Promise.all([accounts.linked.signInMethods(accountId), providers.list()])
      const provider = ways.identities.find((identity) => identity.id === id)?.provider
      const name = enabled.find((each) => each.id === provider)?.name ?? provider ?? ''
      const usable = openTo(ways, enabled).map((each) => each.id)
      const removed = await accounts.linked.unlink(accountId, id, usable, name)
      if (!removed) return reply.redirect(PAGE, 303)
      // An attacker who holds the account at the provider must not stay signed in here, neither by a session nor by tokens of the API.
      await sessions.endUpstream(accountId, { ...removed, except: uid })
      await firstPartyTokens.endFederated(accountId)
      // What it gave it cannot take away any more.
      if (provider !== undefined)
        await deps.provide(accountId, { id: provider, name }, { mode: 'sync', groups: [], roles: [] })
      const dropped = await accounts.dropAddressChange(accountId)
      return reply.redirect(`${PAGE}?done=${dropped ? 'unlinked_address' : 'unlinked'}`, 303)
    },
  )

  app.post<{ Params: { provider: string } }>(
    '/account/links/:provider',
    { ...http.limit('federation'), config: { formPage: PAGE } },
    async (request, reply) => {
      const session = await lately(
        request,
        reply,
        t('act.link', { provider: request.params.provider.slice(0, 100) }),
      )
      if (!session) return reply
      const { location } = await flow.start(request, reply, request.params.provider, {
        intent: { kind: 'link', accountId: session.accountId },
      })
      return reply.redirect(location, 303)
    },
  )
}
