import { createSecretKey } from 'node:crypto'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import { z } from 'zod'
import { kinds } from '../../src/federation/connectors/kinds.ts'
import type { DirectHandler } from '../../src/http/direct.ts'
import { setErrorFormat } from '../../src/http/errors/format.ts'
import { parseForm } from '../../src/http/forms/forms.ts'
import { registerHealth } from '../../src/http/health.ts'
import { type HttpOptions, registerHttp } from '../../src/http/http.ts'
import { createInstance, type InstanceOptions } from '../../src/http/instance.ts'
import { renderPage } from '../../src/http/pages/views.ts'
import type { Limit, LimitHooks } from '../../src/http/rate-limits/rate-limits.ts'
import { AppError } from '../../src/shared/errors.ts'
import { type Sample, samples } from './sample-pages.ts'

const signInForm = z.object({
  identifier: z.string().min(1, 'Enter your email or username.'),
  password: z.string().min(1, 'Enter your password.'),
})

export interface TestApp extends Partial<HttpOptions> {
  /** Receives the log, one JSON document a line. */
  log?: (line: string) => void
  trustProxy?: InstanceOptions['trustProxy']
  failing?: () => Promise<void>
  /** Answers some requests of `/direct` before their route, and of `/led` as it answers browsers. */
  direct?: DirectHandler
  /** Of `/direct`. */
  directLimit?: (limit: Limit) => LimitHooks
  /** Is given the instance as it was made. */
  made?: (app: FastifyInstance) => void
}

/** A server with everything that pages share, and small routes in each error format to try it on. */
export async function buildHttpApp(options: TestApp = {}): Promise<FastifyInstance> {
  const { log, trustProxy = false, failing, direct = async () => undefined, made, ...http } = options
  const { directLimit = (limit: Limit) => limit('openRegistration') } = options
  const { app, addressOf } = createInstance({
    log: log ? { level: 'debug', stream: { write: log } } : false,
    trustProxy,
  })
  made?.(app)
  const shared = await registerHttp(app, {
    issuer: new URL('http://localhost:3000'),
    cookieKey: createSecretKey(Buffer.alloc(32, 7)),
    rateLimit: true,
    cacheViews: true,
    clock: Date.now,
    addressOf,
    kept: keptInMemory(),
    icons: { github: kinds.github?.icon, google: kinds.google?.icon },
    ...http,
  })
  registerHealth(app, { database: failing ?? (async () => undefined) })
  await app.register(async (pages) => {
    await shared.forms(pages)
    for (const sample of samples) {
      pages.get(`/sample/${sample.title}`, async (_request, reply) => render(reply, sample))
    }
    pages.get('/login', async (_request, reply) => renderPage(reply, 'interaction/sign-in', signIn))
    pages.post('/login', shared.limit('signIn', 'identifier'), async (request, reply) => {
      const form = parseForm(signInForm, request.body)
      if (form.ok) return reply.redirect('/account', 303)
      const { errors, values } = form
      return renderPage(reply, 'interaction/sign-in', { ...signIn, errors, values }, 422)
    })
    pages.post('/forgot-password', shared.limit('mail', 'email'), async () => 'sent')
    pages.post('/login/other', shared.limit('signIn', 'identifier'), async () => 'same limit')
    pages.post('/large', { config: { formPage: '/login' } }, async (_request, reply) =>
      renderPage(reply, 'interaction/sign-in', { ...signIn, alert: 'x'.repeat(LARGE) }),
    )
    pages.get('/boom', async () => {
      throw new Error('SELECT secret FROM accounts', { cause: new Error('driver says no') })
    })
    pages.get('/verify/:token', async () => 'verified')
  })
  await app.register(async (api) => {
    setErrorFormat(api, 'problem')
    api.post('/api/things', async (request) => z.object({ name: z.string() }).parse(request.body))
    api.post('/api/strict', async (request) =>
      z.strictObject({ list: z.array(z.string()).optional() }).parse(request.body),
    )
    api.get('/api/busy', async () => {
      throw new AppError('busy', 503, 'Busy.', { retryAfter: 7, detail: 'hash queue is full' })
    })
    api.get('/api/boom', async () => {
      throw new Error('SELECT secret FROM accounts')
    })
  })
  await app.register(async (pages) => {
    shared.direct('/led', direct, { limit: shared.limit('openRegistration'), browsers: true })
    pages.get('/led', shared.limit('openRegistration'), async () => ({ by: 'route' }))
  })
  await app.register(async (protocol) => {
    setErrorFormat(protocol, 'oauth')
    protocol.get('/token', shared.limit('federation'), async () => ({}))
    const limited = directLimit(shared.limit)
    shared.direct('/direct', direct, { limit: limited })
    protocol.get('/direct', limited, async () => ({ by: 'route' }))
    protocol.get('/broken', async () => {
      throw new Error('SELECT secret FROM accounts')
    })
  })
  return app
}

/** What a form was answered with, on the page that its redirect leads to; anything else as it is. */
export async function shown(
  app: FastifyInstance,
  answer: LightMyRequestResponse,
  cookies: Record<string, string> = {},
): Promise<LightMyRequestResponse> {
  const { location } = answer.headers
  if (answer.statusCode !== 303 || location === undefined || location === '/account') return answer
  const set = Object.fromEntries(answer.cookies.map(({ name, value }) => [name, value]))
  return app.inject({ url: location, cookies: { ...cookies, ...set } })
}

/** What the artefact store does for the server. */
function keptInMemory(): HttpOptions['kept'] {
  const sealed = new Map<string, string>()
  return {
    put: async (id, text) => void sealed.set(id, text),
    find: async (id) => sealed.get(id),
    take: async (id) => sealed.delete(id),
  }
}

/** Characters of an answer that is not kept. */
const LARGE = 1_200_000
const signIn = { action: '/login', forgotHref: '/forgot-password', providers: [] }

function render(reply: Parameters<typeof renderPage>[0], sample: Sample) {
  return renderPage(reply, sample.view, sample.data, sample.status)
}
