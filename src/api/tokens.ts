import { AppError } from '../shared/errors.ts'
import { byProperty, identifyingFields } from '../shared/profile/fields.ts'
import { callerOf } from './callers.ts'
import { type ApiContext, withLimit } from './context.ts'
import { operation } from './operation.ts'
import { inOurNames, invalidCredentials, unverifiedAccount } from './problems.ts'
import {
  basicToken,
  challenge,
  challengeBody,
  credentialsBody,
  logoutBody,
  refreshBody,
  registerBody,
  secondFactorBody,
  tokenSet,
} from './schemas.ts'
import { challengeSecondFactor, verifySecondFactor } from './second-factor.ts'
import { signIn } from './sign-in.ts'

const register = operation({
  id: 'register',
  tag: 'Tokens',
  summary: 'Create an account',
  description:
    'The tokens work as soon as the email address is verified; until then every use of them is answered 403 `unconfirmed_account`. Whether the address belongs to an account already shows only in the message that its owner gets.',
  body: registerBody,
  answers: [201, 'The account is created, and a message is on its way to its address.', tokenSet],
  problems: [403, 409, 429, 503],
})

const login = operation({
  id: 'login',
  tag: 'Tokens',
  summary: 'Sign in with a password',
  body: credentialsBody,
  answers: [200, 'Signed in.', tokenSet],
  problems: [401, 403, 429, 503],
})

const verifyLogin = operation({
  id: 'verifyLogin',
  tag: 'Tokens',
  summary: 'Verify a sign-in by a second factor',
  description:
    'The second factor after `mfa_required`: once, within five minutes. A wrong code can be followed by another one; after five wrong ones nothing is checked for a quarter of an hour.',
  body: secondFactorBody,
  answers: [200, 'Signed in.', tokenSet],
  problems: [401, 403, 429, 503],
})

const challengeLogin = operation({
  id: 'challengeLogin',
  tag: 'Tokens',
  summary: 'Begin the second factor of a sign-in: the options of a passkey, or a code by email or SMS',
  description:
    'The options that the browser signs, good for one answer within five minutes; `{}` where a code was sent, good for ten.',
  body: challengeBody,
  answers: [200, 'The options.', challenge],
  problems: [401, 403, 409, 429],
})

const refresh = operation({
  id: 'refresh',
  tag: 'Tokens',
  summary: 'Exchange a refresh token for new tokens',
  description:
    'Each refresh token works once: keep the new one. A second use within ten seconds counts as a retry; after that it ends every token of this sign-in.',
  body: refreshBody,
  answers: [200, 'A new pair; the old refresh token is used up.', tokenSet],
  problems: [401, 403, 429],
})

const logout = operation({
  id: 'logout',
  tag: 'Tokens',
  summary: 'End the tokens of this sign-in',
  description:
    'Names the sign-in by an access token in `Authorization`, or by a refresh token in the body, which may have expired or be unknown: the answer is the same. With a session cookie it signs the browser out.',
  caller: { unverified: true },
  body: logoutBody,
  answers: [204, 'Ended.'],
  problems: [401, 403, 429, 503],
})

const createToken = operation({
  id: 'createToken',
  tag: 'Tokens',
  summary: 'Get a token for HTTP Basic',
  description:
    'Takes HTTP Basic with a password. The token stands in the user name of HTTP Basic, with an empty password, or in `Authorization: Bearer`. It cannot be refreshed, and gets no further token. One that was got by an app password ends with it.',
  caller: { password: true },
  answers: [200, 'An access token.', basicToken],
  problems: [401, 403, 429, 503],
})

/** Issuing, refreshing and ending first-party tokens (src/oidc/tokens/first-party-tokens.ts). */
export function tokenRoutes({ open, known, identify, deps }: ApiContext): void {
  const { accounts, limit, firstPartyTokens, sessions } = deps

  open.post('/register', withLimit(register, limit('register')), async (request, reply) => {
    const { username, email, password, ...names } = request.body
    const account = { username, email, password, ...byProperty(names, 'rest', identifyingFields) }
    const made = await inOurNames(accounts.register(account, { address: request.ip }))
    return reply.code(201).send(await firstPartyTokens.issue({ ...made, amr: ['pwd'] }))
  })

  open.post('/login', withLimit(login, limit('signIn', 'identifier')), async (request, reply) => {
    const { id: accountId, generation } = await signIn(deps, request, reply, request.body)
    return firstPartyTokens.issue({ accountId, generation, amr: ['pwd'] })
  })

  open.post('/login/verify', withLimit(verifyLogin, limit('signIn', null)), async (request) =>
    firstPartyTokens.issue(await verifySecondFactor(deps, request, request.body, 'tokens')),
  )

  open.post('/login/challenge', withLimit(challengeLogin, limit('token')), async (request) =>
    challengeSecondFactor(deps, request, request.body, 'tokens'),
  )

  open.post('/refresh', withLimit(refresh, limit('token')), async (request, reply) => {
    const outcome = await firstPartyTokens.refresh(request.body.refresh_token)
    if (outcome === 'unverified') throw unverifiedAccount()
    if (!('refused' in outcome)) return outcome
    const { message } = invalidCredentials(request, reply, outcome.refused, 'invalid_token')
    throw new AppError('invalid_grant', 401, 'Invalid refresh token', { detail: message })
  })

  open.post('/logout', withLimit(logout, limit('token')), async (request, reply) => {
    const refreshToken = request.body.refresh_token
    if (refreshToken !== undefined) await firstPartyTokens.endFamilyOf(refreshToken)
    else {
      const caller = await identify(request, reply, { unverified: true })
      if (caller.by === 'token') await firstPartyTokens.endFamily(caller.grantId)
      if (caller.by === 'session') await sessions.end(request, reply)
    }
    return reply.code(204).send()
  })

  known.post('/tokens', withLimit(createToken, limit('token')), async (request) => {
    const caller = callerOf(request)
    const { id: accountId, generation } = caller.account
    const appPassword = caller.by === 'app_password' ? caller.appPassword : undefined
    const { access_token, expires_in } = await firstPartyTokens.issueAccessToken({
      ...{ accountId, generation, appPassword },
    })
    return { token: access_token, expiration: expires_in }
  })
}
