import type { FastifyInstance } from 'fastify'
import { accountPages } from '../accounts/pages/routes.ts'
import { createSignInForm } from '../accounts/pages/sign-in-form.ts'
import { confirmRoutes } from '../http/forms/confirm.ts'
import type { Http } from '../http/http.ts'
import { renderPage } from '../http/pages/views.ts'
import { deviceRoutes } from '../interactions/device-routes.ts'
import { interactionRoutes } from '../interactions/routes.ts'
import { answers } from '../oidc/authorization/interactions.ts'
import { openDecision } from '../oidc/device/decision.ts'
import { openDone } from '../oidc/device/pages.ts'
import { describeDevice } from '../oidc/device/words.ts'
import { listDevices } from '../oidc/sessions/devices.ts'
import type { Services } from '../services.ts'
import { epochSeconds } from '../shared/clock.ts'
import { browserState } from './browser-state.ts'
import { connectedApps, describeScopes } from './consents.ts'
import type { Protocol } from './protocol.ts'
import { deviceEnds } from './sessions.ts'
import { upstreamSignIns } from './upstream.ts'

/** Every page that people see, on the services and the protocol. */
export async function wirePages(
  app: FastifyInstance,
  http: Http,
  services: Services,
  { interactions, sessions, deviceVerification }: Protocol,
): Promise<void> {
  const { accounts, clock, config } = services
  const { values } = services.settings
  const browser = browserState(http, services)
  const signInForm = createSignInForm({ accounts, browser, devices: http.devices })
  const upstream = upstreamSignIns(services)

  await app.register(accountPages, {
    clock,
    issuer: new URL(config.issuer),
    http,
    accounts,
    browser,
    signInForm,
    sessions: {
      ...sessions,
      list: async (accountId) => listDevices(services, await accounts.byId(accountId)),
      ...deviceEnds(services),
    },
    apps: connectedApps(services),
    async appOf(flow) {
      const { params } = (await services.artifacts.find('Interaction', flow)) ?? {}
      const { client_id: id } = (params ?? {}) as { client_id?: unknown }
      const client = typeof id === 'string' ? await services.findClient(id) : undefined
      return client && { name: client.metadata.client_name, logoUri: client.metadata.logo_uri }
    },
    get registration() {
      return values.registration
    },
    get passwordMinLength() {
      return values.passwordMinLength
    },
    upstream,
  })
  await app.register(async (scope) => {
    await http.forms(scope)
    await confirmRoutes(scope, { interrupted: http.interrupted, ownerOf: sessions.ownerOf })
  })
  await app.register(interactionRoutes, {
    flows: {
      ...interactions,
      async answeredBy(request, reply, details) {
        const session = await sessions.current(request, reply)
        if (!answers(session, details)) return undefined
        const { accountId, generation, amr, loginTs, uid } = session
        return { accountId, generation, amr, at: loginTs, sessionUid: uid }
      },
    },
    signInForm,
    http,
    secure: config.issuer.startsWith('https:'),
    get registration() {
      return values.registration
    },
    providers: (flow, again) => upstream.buttons({ flow, again }),
    upstreamProblem: upstream.problem,
    async findAccount(id) {
      const account = await accounts.byId(id)
      return account && { username: account.displayUsername, email: account.email ?? undefined }
    },
    describeScopes: (details) => describeScopes(services, details),
    describeDevice: (device) => describeDevice(device, epochSeconds(clock)),
  })
  await app.register(deviceRoutes, {
    issuer: config.issuer,
    http,
    verification: deviceVerification,
    whoever: async (request, reply) => (await sessions.current(request, reply))?.accountId,
    missed: () => services.event({ type: 'device.code_unknown' }),
    openDecision: (value, accountId) => openDecision(http.sealed, value, accountId),
    openDone: (value) => openDone(http.sealed, value),
  })
  app.get('/', async (request, reply) => {
    const session = await sessions.current(request, reply)
    const account = session && (await accounts.byId(session.accountId))
    return renderPage(reply, 'http/home', {
      signedInAs: account?.displayUsername,
      consoleHref: account === undefined || account.role === 'user' ? undefined : '/admin',
      registerHref: values.registration === 'open' ? '/register' : undefined,
    })
  })
}
