import formbody from '@fastify/formbody'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { setErrorFormat } from '../http/errors/format.ts'
import { parseUrlEncoded } from '../http/forms/forms.ts'
import { programHeaders } from '../http/headers.ts'
import { AppError } from '../shared/errors.ts'
import { UpstreamError, type UpstreamLogout } from './connector.ts'
import type { FederationDependencies } from './dependencies.ts'
import type { UpstreamEnds } from './ended.ts'

const MAX_BYTES = 16 * 1024
/** Seconds that a token id is remembered: longer than a token is accepted. */
const REPLAY_WINDOW = 600

const body = z.object({ logout_token: z.string().min(1).max(8192) })

/**
 * `POST /api/auth/oauth/:provider/backchannel-logout`: a provider tells that a person has signed out there, and their
 * sessions here that came by it end, in every browser, and so do tokens of the JSON API; apps are told in turn (OpenID
 * Connect Back-Channel Logout §2.5 to §2.8).
 */
export async function backChannelLogoutRoute(
  app: FastifyInstance,
  deps: Pick<
    FederationDependencies,
    'issuer' | 'providers' | 'artifacts' | 'accounts' | 'sessions' | 'firstPartyTokens' | 'http'
  > & { ends: Pick<UpstreamEnds, 'end'> },
): Promise<void> {
  const { providers, artifacts, accounts, sessions, firstPartyTokens } = deps
  setErrorFormat(app, 'oauth')
  const options = programHeaders(app, { secure: deps.issuer.protocol === 'https:' })
  app.removeAllContentTypeParsers()
  await app.register(formbody, { bodyLimit: MAX_BYTES, parser: parseUrlEncoded })
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('cache-control', 'no-store')
  })

  async function end({ issuer, subject, sid }: UpstreamLogout): Promise<void> {
    await deps.ends.end({ issuer, subject, sid })
    const bySubject = subject === undefined ? undefined : await accounts.linked.accountOf({ issuer, subject })
    const accountId =
      bySubject ?? (sid === undefined ? undefined : await sessions.findByUpstream(issuer, sid))
    if (accountId === undefined) return
    await sessions.endUpstream(accountId, { issuer, subject, sid })
    await firstPartyTokens.endFederated(accountId, { issuer, subject, sid })
  }

  app.post<{ Params: { provider: string } }>(
    '/api/auth/oauth/:provider/backchannel-logout',
    { ...options, ...deps.http.limit('token') },
    async (request, reply) => {
      const provider = await providers.find(request.params.provider)
      if (!provider?.connector.logout)
        throw new AppError('not_found', 404, 'No provider signs people out at this address.')
      const token = body.safeParse(request.body).data?.logout_token
      if (token === undefined) throw new AppError('invalid_request', 400, 'Send one logout_token, as a form.')
      const logout = await provider.connector.logout(token).catch((error: unknown) => {
        if (!(error instanceof UpstreamError)) throw error
        const detail = `logout token of ${provider.id}: ${error.message}`
        throw new AppError('invalid_request', 400, 'This logout token is not valid here.', { detail })
      })
      const { issuer, jti } = logout
      if (!(await artifacts.insert('UpstreamLogout', `${issuer}\0${jti}`, {}, REPLAY_WINDOW)))
        throw new AppError('invalid_request', 400, 'This logout token was used already.')
      await end(logout)
      return reply.code(200).send()
    },
  )
}
