import { WWWAuthenticateChallengeError } from 'openid-client'
import type { RelyingParty, StepUp, TokenSet } from './oidc.ts'

/** An API that takes this app's access tokens: examples/books-api. */
export interface BooksApi {
  /** The titles of the newest. @throws WWWAuthenticateChallengeError when the token is not accepted */
  titles(tokens: TokenSet): Promise<string[]>
  /** @throws WWWAuthenticateChallengeError, also when the API wants a better sign-in (`stepUpAsked`) */
  deleteAll(tokens: TokenSet): Promise<void>
}

export function createBooksApi(party: RelyingParty, url: string): BooksApi {
  const books = new URL('/books', url)
  async function call(tokens: TokenSet, method: string): Promise<Response> {
    const response = await party.call(tokens, books, method)
    if (!response.ok) throw new Error(`the API of books answered ${response.status}`)
    return response
  }
  return {
    async titles(tokens) {
      const { items } = (await (await call(tokens, 'GET')).json()) as { items: { title: string }[] }
      return items.map(({ title }) => title)
    },
    async deleteAll(tokens) {
      await call(tokens, 'DELETE')
    },
  }
}

/** What an API asks of the person's sign-in (RFC 9470 §3). Undefined: the error is of another kind. */
export function stepUpAsked(error: unknown, { claims }: TokenSet): StepUp | undefined {
  if (!(error instanceof WWWAuthenticateChallengeError)) return undefined
  const challenge = error.cause.find(
    ({ parameters }) => parameters.error === 'insufficient_user_authentication',
  )
  if (!challenge) return undefined
  const { acr_values: acrValues, max_age: maxAge } = challenge.parameters as Record<
    string,
    string | undefined
  >
  return { sub: claims.sub, acrValues, maxAge: /^\d+$/.test(maxAge ?? '') ? Number(maxAge) : undefined }
}
