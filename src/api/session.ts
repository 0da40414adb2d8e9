import { requireJsonForCookies } from './callers.ts'
import { type ApiContext, withLimit } from './context.ts'
import { operation } from './operation.ts'
import { profileOf } from './profile-view.ts'
import { credentialsBody, profile } from './schemas.ts'
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
    await sessions.start(request, reply, { accountId, generation, amr: ['pwd'] })
    return profileOf(account)
  })

  open.post('/session/logout', withLimit(logout, limit('account')), async (request, reply) => {
    requireJsonForCookies(request)
    await sessions.end(request, reply)
    return reply.code(204).send()
  })
}
