import { handleGrant } from '../provider/grant-handlers.ts'
import type { FastGrant, TokenResponse } from './token.ts'

/**
 * The plain case of a grant by the library's own handler of it, with every patch of ours, and without the middlewares before it. What the
 * handler refuses, the library answers, which is told why: nothing is used up twice.
 * @param parameters those of the plain case @param others those that are not
 */
export const libraryGrant = (
  name: string,
  parameters: readonly string[],
  others: readonly string[] = [],
): FastGrant => ({
  parameters: [...parameters, 'resource'],
  others,
  issue: async (provider, ctx) =>
    (await handleGrant(provider, name, ctx)) ? (ctx.body as TokenResponse) : undefined,
})
