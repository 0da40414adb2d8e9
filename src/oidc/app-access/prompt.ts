import { type Client, interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'
import { NOT_ADMITTED } from './rule.ts'

const { Check, Prompt } = interactionPolicy

/** The name of the prompt, of an interaction that waits there, and of its result. */
export const ACCESS = 'access'

/**
 * Whom a client is for: asked after the sign-in has shown all that it has to, and before consent, on every way to a code. A person
 * whom it is not for is told so by a page; with `prompt=none` the client is answered `access_denied` (RFC 6749 §4.1.2.1).
 */
export const accessPrompt = (
  admits: (ctx: KoaContextWithOIDC, client: Client | undefined, accountId: string) => Promise<boolean>,
): interactionPolicy.Prompt =>
  new Prompt(
    { name: ACCESS, requestable: false },
    new Check('not_admitted', NOT_ADMITTED, 'access_denied', async (ctx: KoaContextWithOIDC) => {
      const { session, account, client } = ctx.oidc
      if (session?.accountId === undefined || account === undefined) return Check.NO_NEED_TO_PROMPT
      return (await admits(ctx, client, session.accountId)) ? Check.NO_NEED_TO_PROMPT : Check.REQUEST_PROMPT
    }),
  )
