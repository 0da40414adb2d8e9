import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { answer } from './answers.ts'
import { createAuthenticator } from './authenticate.ts'
import { type Credentials, credentialsOf, refuseTokenInForm } from './credentials.ts'
import { httpUrl, metadataPath, protectedResourceMetadata } from './metadata.ts'
import { parseOptions, type ResourceServerOptions } from './options.ts'
import { Refusal } from './refusal.ts'
import { checkSignIn, signInNeeded } from './sign-in.ts'
import type { AccessToken } from './token.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The checked access token. Reading it on a public route throws. */
    readonly token: AccessToken
  }
  interface FastifyContextConfig {
    /** The scopes that a token needs for this route: all of them. Absent: any valid token will do. */
    scope?: string | readonly string[]
    /**
     * The classes of sign-in (`acr`) of which the token's has to be one, spelt as the issuer does. List what is stronger, too: no
     * order is known here. Absent: any.
     */
    acr?: string | readonly string[]
    /** How long ago the person may have signed in (`auth_time`), in whole seconds. Absent: however long. */
    maxAuthAge?: number
    /** Answers without a token. */
    public?: boolean
  }
}

const tokens = new WeakMap<FastifyRequest, AccessToken>()

/** @throws Error on an empty scope, which would ask for nothing while it looks as if it did */
function scopesNeeded(scope: string | readonly string[] | undefined): string[] {
  if (scope === undefined) return []
  const needed = [scope].flat().flatMap((each) => each.split(' '))
  if (needed.length === 0 || !needed.every((each) => /^[\x21\x23-\x5b\x5d-\x7e]+$/.test(each)))
    throw new Error(`latchkey/resource-server: ${JSON.stringify(scope)} is no scope (RFC 6749 §3.3)`)
  return needed
}

/**
 * Protects every route of the Fastify context in which it is registered, and of the contexts inside it: a request gets
 * through with a valid access token that has the route's `config.scope`, of a sign-in as `config.acr` and `config.maxAuthAge` ask for,
 * or if the route says `config: { public: true }`.
 * Register it before the contexts that it is to protect.
 *
 * Serves the API's own metadata (RFC 9728) when registered without a prefix.
 * @throws Error at registration when an option is wrong
 */
export const resourceServer = fp(register, { fastify: '5.x', name: 'latchkey-resource-server' })

async function register(app: FastifyInstance, options: ResourceServerOptions): Promise<void> {
  const settings = parseOptions(options)
  const authenticator = createAuthenticator(settings)
  const audience = httpUrl(settings.audience)
  const path = metadataPath(settings.audience)
  const scopes = new Set<string>()
  const baseUrl = (request: FastifyRequest) =>
    settings.publicUrl ?? audience?.origin ?? `${request.protocol}://${request.host}`

  function refuse(
    error: unknown,
    request: FastifyRequest,
    reply: FastifyReply,
    scheme?: Credentials['scheme'],
  ) {
    if (!(error instanceof Refusal)) throw error
    const { status, message: reason, cause } = error
    if (status === 503) request.log.warn({ err: cause, reason }, 'access tokens cannot be checked')
    else request.log.info({ status, error: error.error, reason }, 'access refused')
    const origin = audience?.origin ?? URL.parse(baseUrl(request))?.origin
    return answer(reply, error, { settings, metadataUrl: origin && `${origin}${path}`, scheme })
  }

  async function protect(request: FastifyRequest, reply: FastifyReply) {
    const { config } = request.routeOptions
    if (request.is404 || config.public === true) return undefined
    const scope = scopesNeeded(config.scope)
    const signIn = signInNeeded(config)
    let credentials: Credentials | undefined
    try {
      credentials = credentialsOf(request)
      if (!credentials) throw new Refusal(401, { description: 'This needs an access token.', scope })
      const url = `${baseUrl(request)}${request.originalUrl}`
      const token = await authenticator.check(credentials, { method: request.method, url })
      if (!scope.every((each) => token.scopes.has(each))) {
        const description = 'The access token does not cover this request.'
        throw new Refusal(403, { error: 'insufficient_scope', description, scope })
      }
      const { clock, clockTolerance } = settings
      if (signIn) checkSignIn(token, signIn, { now: clock() / 1000, clockTolerance, scope })
      tokens.set(request, token)
    } catch (error) {
      return refuse(error, request, reply, credentials?.scheme)
    }
  }

  app.addHook('onRoute', ({ config, url }) => {
    if (config?.public === true && config.scope !== undefined)
      throw new Error(`latchkey/resource-server: ${url} cannot be public and need a scope`)
    if (config && signInNeeded(config) && config.public === true)
      throw new Error(`latchkey/resource-server: ${url} cannot be public and need a sign-in`)
    for (const scope of scopesNeeded(config?.scope)) scopes.add(scope)
  })
  app.addHook('onRequest', protect)
  app.addHook('preValidation', async (request, reply) => {
    try {
      if (tokens.has(request)) refuseTokenInForm(request)
    } catch (error) {
      return refuse(error, request, reply)
    }
  })
  if (!app.hasRequestDecorator('token')) {
    app.decorateRequest('token', {
      getter(this: FastifyRequest) {
        const token = tokens.get(this)
        if (!token) throw new Error(`${this.routeOptions.url} is public: it has no request.token`)
        return token
      },
    })
  }
  if (app.prefix === '') {
    app.get(path, { config: { public: true } }, async (_request, reply) => {
      // Clients in browsers read it before they know anything else of the API.
      reply.header('access-control-allow-origin', '*').header('cache-control', 'public, max-age=300')
      return protectedResourceMetadata(settings, [...scopes])
    })
  }
  // The issuer may start later than the API: requests get 503 until it is there.
  app.addHook('onReady', async () => {
    authenticator
      .warm()
      .catch((error: unknown) => app.log.warn({ err: error }, 'the issuer is not there yet'))
  })
}
