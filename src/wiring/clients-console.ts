import type { FastifyInstance } from 'fastify'
import type { ClientsDependencies } from '../admin/console/clients/dependencies.ts'
import type { Http } from '../http/http.ts'
import type { Services } from '../services.ts'
import type { Protocol } from './protocol.ts'

/** What the clients' pages of the console need. */
export function clientsConsole(
  app: FastifyInstance,
  { cookies, sealed }: Http,
  { artifacts, clients, clientScopes, consents, resources }: Services,
  { sessions, throwawaySession }: Protocol,
): ClientsDependencies {
  return {
    clients,
    listApis: () => resources.list({ limit: 100 }),
    clientScopes,
    cookies,
    sealed,
    async footprint(clientId) {
      const counts = await artifacts.countByClient(clientId)
      const of = (model: string) => counts.find((each) => each.model === model)
      return {
        people: of('Consent')?.accounts ?? 0,
        grants: of('Grant')?.count ?? 0,
        tokens: ['AccessToken', 'RefreshToken', 'ClientCredentials'].reduce(
          (sum, model) => sum + (of(model)?.count ?? 0),
          0,
        ),
      }
    },
    tryOut: {
      async call({ method, path, headers, body }, from) {
        const answer = await app.inject({
          method,
          url: path,
          headers,
          remoteAddress: from.ip,
          ...(body !== undefined && { payload: body }),
        })
        const got = Object.entries(answer.headers).map(([name, value]) => [
          name,
          typeof value === 'number' ? String(value) : value,
        ])
        return { status: answer.statusCode, headers: Object.fromEntries(got), body: answer.body }
      },
      async openSession(request, reply) {
        const session = await sessions.current(request, reply)
        if (session === undefined) throw new Error('a try-out without a session')
        return throwawaySession(session)
      },
      async keepConsent(accountId, clientId) {
        const before = await consents.find(accountId, clientId)
        return () => consents.restore(accountId, clientId, before)
      },
    },
  }
}
