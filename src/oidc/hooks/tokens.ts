import { errors, type KoaContextWithOIDC, type Provider } from 'oidc-provider'
import { ALLOWED, type BeforeHooks, type Verdict } from '../../shared/before-hook.ts'
import { isReservedClaim } from '../../shared/reserved-claims.ts'
import type { HookPerson } from './sign-in.ts'

/** What an `error_description` may consist of (RFC 6749 §5.2). */
const DESCRIPTION = /^[\x20\x21\x23-\x5b\x5d-\x7e]+$/

/** Hooks of the token endpoint, asked once in a request. */
export interface TokenHooks {
  /** Claims of the access token. @throws InvalidGrant when it is denied */
  ofAccessToken(
    ctx: KoaContextWithOIDC,
    token: { accountId?: string | undefined; clientId?: string | undefined; scope?: string | undefined },
  ): Promise<Record<string, unknown>>
  /** Puts claims into ID Tokens, after the access token of the request. */
  attach(provider: Provider): void
}

export function createTokenHooks(deps: {
  hooks: BeforeHooks
  accountOf(ctx: KoaContextWithOIDC, id: string): Promise<HookPerson | undefined>
  groupsOf(id: string): Promise<readonly string[]>
}): TokenHooks {
  const verdicts = new WeakMap<object, Promise<Verdict>>()

  async function ask(
    ctx: KoaContextWithOIDC,
    { accountId, clientId, scope }: Parameters<TokenHooks['ofAccessToken']>[1],
  ): Promise<Verdict> {
    const person = accountId === undefined ? undefined : await deps.accountOf(ctx, accountId)
    return deps.hooks.ask('token', {
      clientId,
      scopes: scope?.split(' ').filter(Boolean),
      grantType: String(ctx.oidc.params?.grant_type ?? ''),
      ...(person && {
        user: { id: person.id, username: person.username, email: person.email },
        groups: () => deps.groupsOf(person.id),
      }),
    })
  }

  const told = (claims: unknown): Record<string, unknown> =>
    Object.fromEntries(Object.entries(claims ?? {}).filter(([name]) => !isReservedClaim(name)))

  return {
    async ofAccessToken(ctx, token) {
      if (!deps.hooks.asked('token', token.clientId)) return {}
      const found = verdicts.get(ctx.oidc) ?? ask(ctx, token)
      verdicts.set(ctx.oidc, found)
      const { denied, claims } = await found
      if (denied !== undefined)
        throw Object.assign(new errors.InvalidGrant('a hook has denied the tokens'), {
          error_description: DESCRIPTION.test(denied) ? denied : 'the tokens were denied',
        })
      return told(claims.access_token)
    },

    attach({ IdToken }) {
      const { issue } = IdToken.prototype
      IdToken.prototype.issue = async function (context) {
        if (context.use === 'idtoken') {
          const { claims } = await (verdicts.get(this.ctx.oidc) ?? ALLOWED)
          for (const [name, value] of Object.entries(told(claims.id_token))) this.set(name, value)
        }
        return issue.call(this, context)
      }
    },
  }
}
