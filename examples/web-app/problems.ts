import { AuthorizationResponseError, ResponseBodyError, WWWAuthenticateChallengeError } from 'openid-client'
import { SignInTooWeak } from './oidc.ts'

/** What a person is told when something went wrong. The error itself goes to the log. */
export interface Problem {
  status: number
  title: string
  detail: string
}

export const unknownSignIn: Problem = {
  status: 400,
  title: 'This sign-in is no longer valid',
  detail:
    'It was started in another browser, was finished already, or took too long. Nothing is lost: start again.',
}

export const sessionEnded: Problem = {
  status: 401,
  title: 'Your session has ended',
  detail: 'You signed out elsewhere, or the sign-in service ended it. Sign in again to go on.',
}

export const noSuchPage: Problem = {
  status: 404,
  title: 'There is no such page',
  detail: 'Check the address.',
}

export const foreignRequest: Problem = {
  status: 403,
  title: 'This request came from another site',
  detail: 'Open this app directly and try again.',
}

/** True when the provider no longer accepts the refresh token: only a new sign-in helps (RFC 6749 §5.2). */
export const sessionIsOver = (error: unknown): boolean =>
  error instanceof ResponseBodyError && error.error === 'invalid_grant'

const codeOf = (error: unknown): unknown =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined

/** A request that got no usable answer: refused connection, no such host, time-out, or not a provider's page. */
function isUnreachable(error: unknown): boolean {
  if (error instanceof TypeError && error.message === 'fetch failed') return true
  const code = codeOf(error)
  return (
    code === 'OAUTH_TIMEOUT' ||
    code === 'OAUTH_RESPONSE_IS_NOT_CONFORM' ||
    code === 'OAUTH_RESPONSE_IS_NOT_JSON'
  )
}

export function explain(error: unknown): Problem {
  if (error instanceof AuthorizationResponseError) {
    if (error.error === 'access_denied') {
      return {
        status: 403,
        title: 'You were not signed in',
        detail: 'The sign-in was cancelled or declined, and this app has received nothing about you.',
      }
    }
    return {
      status: 502,
      title: 'The sign-in service refused this request',
      detail: `It answered “${error.error}”${error.error_description ? `: ${error.error_description}` : ''}.`,
    }
  }
  if (error instanceof ResponseBodyError) {
    return {
      status: 502,
      title: 'The sign-in could not be completed',
      detail: `The sign-in service answered “${error.error}”${error.error_description ? `: ${error.error_description}` : ''}.`,
    }
  }
  if (error instanceof WWWAuthenticateChallengeError) {
    return {
      status: 401,
      title: 'The access token is not accepted',
      detail: 'It has expired or was withdrawn. Sign in again for a new one.',
    }
  }
  if (error instanceof SignInTooWeak) {
    return {
      status: 403,
      title: 'This needs a stronger sign-in',
      detail:
        'Nothing was changed. Sign in as yourself with a second factor; if you have none yet, set one up in your account at the sign-in service, and try again.',
    }
  }
  if (isUnreachable(error)) {
    return {
      status: 503,
      title: 'The sign-in service cannot be reached',
      detail: 'It may be restarting. Wait a moment and try again.',
    }
  }
  return {
    status: 500,
    title: 'Something went wrong',
    detail: 'The answer of the sign-in service could not be trusted, or this app failed. Try again.',
  }
}
