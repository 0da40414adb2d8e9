import { randomBytes } from 'node:crypto'
import type { Account } from '../accounts/account.ts'
import { secondFactorRequired } from '../shared/second-factor-rule.ts'
import { requireJsonForCookies } from './callers.ts'
import { type ApiContext, withLimit } from './context.ts'
import { operation } from './operation.ts'
import { profileOf } from './profile-view.ts'
import { challenge, challengeBody, credentialsBody, profile, secondFactorBody } from './schemas.ts'
import { challengeSecondFactor, verifySecondFactor } from './second-factor.ts'
import { signIn } from './sign-in.ts'

const login = operation({
  id: 'sessionLogin',
  tag: 'Session',
  summary: 'Sign this browser in',
  description:
    'Sets the HttpOnly cookie of the sign-in session, the one of the sign-in page: an authorization request right after it needs no second sign-in.',
  body: credentialsBody,
  answers: [200, 'Signed in; the cookie is set.', profile],
  problems: [401, 403, 429, 503],
})

const verify = operation({
  id: 'sessionVerify',
  tag: 'Session',
  summary: 'Verify the sign-in of this browser by a second factor',
  description:
    'The second factor after `mfa_required`, in the browser that began it: once, within five minutes.',
  body: secondFactorBody,
  answers: [200, 'Signed in; the cookie is set.', profile],
  problems: [401, 403, 429, 503],
})

const challengeVerify = operation({
  id: 'sessionChallenge',
  tag: 'Session',
  summary:
    'Begin the second factor in the browser that began the sign-in: the options of a passkey, or a code by email or SMS',
  description:
    'The options that the browser signs, good for one answer within five minutes; `{}` where a code was sent, good for ten.',
  body: challengeBody,
  answers: [200, 'The options.', challenge],
  problems: [401, 403, 409, 429],
})

/** The cookie that ties a second factor to the browser of the first. */
const BINDING = 'mfa'
/** Seconds. */
const BINDING_TTL = 300

const logout = operation({
  id: 'sessionLogout',
  tag: 'Session',
  summary: 'Sign this browser out',
  description:
    'Ends the session, what apps were issued in it, and tells them (Back-Channel Logout). Without a session it does nothing.',
  answers: [204, 'Signed out.'],
  problems: [403, 415, 429],
})

/** The sign-in session of the browser, by JSON. */
export function sessionRoutes({ open, deps }: ApiContext): void {
  const { limit, sessions } = deps

  open.post('/session/login', withLimit(login, limit('signIn', 'identifier')), async (request, reply) => {
    const account = await signIn(deps, request, reply, request.body)
    const { id: accountId, generation } = account
    const amr = ['pwd']
    // What is to be set up is set up in the session, which counts for nothing else.
    if (deps.gate.missing(amr, account) === 'verification') {
      const binding = randomBytes(24).toString('base64url')
      deps.cookies.set(reply, BINDING, binding, BINDING_TTL)
      throw await deps.mfaTokens.begin(
        { accountId, generation, amr, ends: 'session', binding },
        await deps.factors.methodsOf(account),
      )
    }
    const { asksFactor } = await sessions.start(request, reply, { accountId, generation, amr })
    if (asksFactor) throw secondFactorRequired()
    return profileOf(account, deps.attributes)
  })

  open.post('/session/login/challenge', withLimit(challengeVerify, limit('token')), async (request) =>
    challengeSecondFactor(deps, request, request.body, 'session', deps.cookies.read(request, BINDING) ?? ''),
  )

  open.post('/session/login/verify', withLimit(verify, limit('signIn', null)), async (request, reply) => {
    const binding = deps.cookies.read(request, BINDING)
    // A token of the other kind of sign-in names no browser.
    const verified = await verifySecondFactor(deps, request, request.body, 'session', binding ?? '')
    deps.cookies.clear(reply, BINDING)
    await sessions.start(request, reply, verified)
    return profileOf((await deps.accounts.byId(verified.accountId)) as Account, deps.attributes)
  })

  open.post('/session/logout', withLimit(logout, limit('account')), async (request, reply) => {
    requireJsonForCookies(request)
    await sessions.end(request, reply)
    return reply.code(204).send()
  })
}
