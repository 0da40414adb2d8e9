import { interactionPolicy, type KoaContextWithOIDC } from 'oidc-provider'

const { Check, base } = interactionPolicy

/**
 * When a person has to be asked. The library's own checks, and one more: a session whose account has been disabled,
 * closed or reset since is no session, and leads to the sign-in page.
 */
export function createInteractionPolicy() {
  const policy = base()
  policy
    .get('login')
    ?.checks.add(
      new Check('account_unavailable', 'End-User authentication is required', (ctx: KoaContextWithOIDC) =>
        ctx.oidc.session?.accountId !== undefined && ctx.oidc.account === undefined
          ? Check.REQUEST_PROMPT
          : Check.NO_NEED_TO_PROMPT,
      ),
    )
  return policy
}
