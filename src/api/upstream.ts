import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorFormat, writeErrorsAs } from '../http/errors/format.ts'
import { giveBack } from '../http/rate-limits/rate-limits.ts'
import { AppError } from '../shared/errors.ts'
import { own } from '../shared/own.ts'
import { type ApiContext, withLimit } from './context.ts'
import { operation } from './operation.ts'
import { invalidCredentials } from './problems.ts'
import { exchangeBody, providerParams, tokenSet, upstreamQuery } from './schemas.ts'

const TAG = 'Sign-in providers'

const start = operation({
  id: 'upstreamStart',
  tag: TAG,
  summary: 'Sign in with GitHub, Google or another provider',
  description:
    'Open it in a browser, which it sends to the provider. It ends in tokens, as JSON; with `code_challenge` on a page with a one-time code, for a program without a browser of its own. A sign-in page of this server needs neither: its buttons end in a session.',
  safe: true,
  params: providerParams,
  query: upstreamQuery,
  answers: [303, 'To the provider.'],
  problems: [404, 429, 503],
})

const callback = operation({
  id: 'upstreamCallback',
  tag: TAG,
  summary: 'Where the provider sends the browser back to',
  description:
    'Enter this address at the provider. Each answer of a provider counts once, within ten minutes, in the browser that was sent there. A person who is new, or whose address belongs to an account already, is asked on a page first.',
  safe: true,
  params: providerParams,
  answers: [200, 'Signed in.', tokenSet],
  redirects: 'On to a page.',
  problems: [400, 403, 404, 409, 429, 503],
})

const exchange = operation({
  id: 'upstreamExchange',
  tag: TAG,
  summary: 'Exchange a one-time code for tokens',
  description:
    'The code that the page showed, and the verifier of the `code_challenge`. Once, within five minutes.',
  body: exchangeBody,
  answers: [200, 'Signed in.', tokenSet],
  problems: [401, 429],
})

/** What is answered to an upstream login that failed: code, status and sentence. */
const FAILURES: Readonly<Record<string, readonly [code: string, status: number, message: string]>> = {
  denied: ['upstream_denied', 403, 'The provider did not sign you in: it was cancelled there.'],
  unreachable: ['upstream_unreachable', 503, 'The provider does not answer at the moment. Try again later.'],
  failed: ['upstream_failed', 400, 'The answer of the provider could not be used. The cause is in the log.'],
  not_allowed: ['upstream_not_allowed', 403, 'This account at the provider may not sign in here.'],
  expired: [
    'upstream_expired',
    400,
    'This sign-in took too long, was finished already, or was started in another browser. Start again.',
  ],
  disabled: ['account_disabled', 403, 'This account is disabled.'],
  closed: ['registration_closed', 403, 'New accounts are created by the administrators of this server.'],
  invited: [
    'invitation_waits',
    409,
    'You were invited: open the link in the message that you got. There you can continue with this provider.',
  ],
  unavailable: ['provider_not_found', 404, 'There is no such provider, or it is switched off.'],
  identity_taken: ['identity_taken', 409, 'That account at the provider belongs to another account here.'],
  other_account: ['other_account', 409, 'This sign-in belongs to another account than the one to prove.'],
}

function rejection(problem: string): AppError {
  const [code, status, message] = own(FAILURES, problem) ?? [
    'upstream_failed',
    400,
    'Nothing came of this sign-in.',
  ]
  return new AppError(code, status, message, status === 503 ? { retryAfter: 30 } : {})
}

const wantsPage = (request: FastifyRequest) => (request.headers.accept ?? '').includes('text/html')

/** Signing in at a provider: start, callback, and the exchange of a one-time code. */
export function upstreamRoutes({ open, deps }: ApiContext): void {
  const { upstream, limit, firstPartyTokens } = deps

  function answer(
    request: FastifyRequest,
    reply: FastifyReply,
    outcome: Awaited<ReturnType<typeof upstream.callback>>,
  ) {
    if ('tokens' in outcome) return reply.code(200).send(outcome.tokens)
    if ('problem' in outcome && (outcome.intent === 'api' || !wantsPage(request))) {
      writeErrorsAs(request, 'problem')
      throw rejection(outcome.problem)
    }
    return reply.redirect(outcome.location, 303)
  }

  // Not by HEAD: both change what is stored.
  const federation = { ...limit('federation'), exposeHeadRoute: false }

  open.get('/oauth/:provider', { ...start, ...federation }, async (request, reply) => {
    const challenge = request.query.code_challenge
    const intent =
      challenge === undefined ? ({ kind: 'api' } as const) : ({ kind: 'code', challenge } as const)
    return answer(request, reply, await upstream.start(request, reply, request.params.provider, { intent }))
  })

  // A browser comes here: what it cannot be led on from, such as a hook that denies the sign-in, is a page in the language of the person.
  const forBrowsers = {
    ...callback,
    ...federation,
    config: {
      errorFormat: (request: FastifyRequest) => (wantsPage(request) ? 'html' : 'problem') as ErrorFormat,
    },
  }

  open.get('/oauth/:provider/callback', forBrowsers, async (request, reply) => {
    const outcome = await upstream.callback(request, reply, request.params.provider, ({ kind }) => {
      // It ends in JSON, whatever the browser accepts.
      if (kind === 'api') writeErrorsAs(request, 'problem')
    })
    // With the request that began it.
    if (!('problem' in outcome)) await giveBack(request, 2)
    return answer(request, reply, outcome)
  })

  open.post('/oauth/exchange', withLimit(exchange, limit('federation')), async (request, reply) => {
    const { code, code_verifier } = request.body
    const signedIn = await upstream.redeemCode(code, code_verifier)
    const account = signedIn && (await deps.findLive(signedIn.accountId, signedIn.generation))
    if (!signedIn || !account) {
      const { message } = invalidCredentials(request, reply, 'no such one-time code', 'invalid_token')
      throw new AppError('invalid_grant', 401, 'Invalid code or verifier', { detail: message })
    }
    await giveBack(request)
    return firstPartyTokens.issue({ ...signedIn, amr: ['fed'] })
  })
}
